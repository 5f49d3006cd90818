#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/options.h"
#include "image/image.h"
#include "inference/translator.h"
#include "pipelines/selection.h"
#include "pipelines/shard.h"

namespace solstice {

enum class Existing { kSkip, kOverwrite, kError, kNewer, kChanged };
inline constexpr std::array<Name<Existing>, 5> kExistingNames{{{"skip", Existing::kSkip},
                                                               {"overwrite", Existing::kOverwrite},
                                                               {"error", Existing::kError},
                                                               {"newer", Existing::kNewer},
                                                               {"changed", Existing::kChanged}}};
constexpr std::span<const Name<Existing>> name_table(Existing) { return kExistingNames; }

enum class OutputFormat { kSame, kJpeg, kPng, kWebp, kTiff, kBmp };
inline constexpr std::array<Name<OutputFormat>, 8> kOutputFormatNames{
    {{"same", OutputFormat::kSame},
     {"jpeg", OutputFormat::kJpeg},
     {"jpg", OutputFormat::kJpeg},
     {"png", OutputFormat::kPng},
     {"webp", OutputFormat::kWebp},
     {"tiff", OutputFormat::kTiff},
     {"tif", OutputFormat::kTiff},
     {"bmp", OutputFormat::kBmp}}};
constexpr std::span<const Name<OutputFormat>> name_table(OutputFormat) {
  return kOutputFormatNames;
}

struct TranslateOptions {
  std::vector<std::string> inputs;
  std::string out;
  SelectionOptions selection;
  std::string name;
  std::string shard = kWholeShard;
  OutputFormat format = OutputFormat::kSame;
  int64_t quality = 0;  ///< 0: see EncodeOptions
  ChromaSampling chroma = ChromaSampling::kAuto;
  bool strip = false;
  bool accept_truncated = false;
  int64_t max_pixels = 1'000'000'000;
  Existing existing = Existing::kSkip;
  bool dry_run = false;
  bool fail_fast = false;
  bool watch = false;
  bool serve = false;
  bool sidecars = false;
  std::string report;
  std::string gallery;
  ByteSize memory{int64_t{3} << 30};
  int64_t jobs = 0;
  int64_t parallel_images = 0;
  bool json = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("out", self.out, "folder for the results; made when absent");
    SelectionOptions::fields(self.selection, visit);
    visit("name", self.name, "names of the results, of {dir} {stem} {ext} {model}; empty: kept");
    visit("shard", self.shard,
          "this machine's share of the files: i/n, i from 0 to n-1; auto, auto/n");
    visit("format", self.format, "file type of the results");
    visit("quality", self.quality,
          "JPEG and WebP quality, 1 to 100; 0: the input's own, else 95 for JPEG and 90 for WebP",
          Range{0, 100});
    visit("chroma", self.chroma,
          "JPEG colour sampling; auto: the input's own, else 444 from quality 90 on, 420 below");
    visit("strip", self.strip, "leave EXIF, XMP and colour profiles out of the results");
    visit("accept-truncated", self.accept_truncated,
          "translate what there is of a truncated file, with a warning, instead of failing it");
    visit("max-pixels", self.max_pixels,
          "refuse larger images from their header (--memory refuses too)", Range{1, 9e15});
    visit("existing", self.existing, "what to do when a result is there already");
    visit("dry-run", self.dry_run, "say what would be done, touch nothing");
    visit("fail-fast", self.fail_fast, "begin nothing more once a file has failed");
    visit("watch", self.watch, "go on with files that appear in the input folders, until stopped");
    visit("serve", self.serve, "take paths from standard input, answer each with a line of JSON");
    visit("sidecars", self.sidecars, "copy labels (.txt .xml .json _mask.png) beside the results");
    visit("report", self.report, "write a JSON report to this file");
    visit("gallery", self.gallery,
          "write a page and a picture of before and after into this folder");
    visit("memory", self.memory, "bound on the memory of images in flight and of one translation");
    visit("jobs", self.jobs, "decoding and encoding threads; 0: as many as processors",
          Range{0, 1024});
    visit("parallel-images", self.parallel_images,
          "images that share the compute threads; 0: measured on long runs of small images",
          Range{0, 1024});
  }
};

/// What a run came to.
struct TranslateSummary {
  int64_t found = 0, done = 0, skipped = 0, failed = 0, remaining = 0;
  bool stopped = false;  ///< by a signal
  double seconds = 0;
  int64_t pixels = 0;           ///< of the inputs that were translated
  std::string bottleneck = {};  ///< the busiest stage, and its share of what it could have worked
  double busy = 0;
};

/// Throws Error(kUsage) for what is wrong with the options by themselves: what is missing or
/// contradicts, patterns, the template of names, the shard. For a clear line before a model is
/// loaded.
void check_options(const TranslateOptions& options);

/// Folder in, folder out: decode, infer and encode overlapped under a memory bound. Files are taken
/// in a stable order, the tree below each input folder is kept, results appear whole or not at all.
/// A bad file is reported in one line and costs only itself. Throws Error(kInput) when there is
/// nothing to do (no input, not one image), Error(kUsage) for colliding result names (found before
/// the first pixel), Error(kOutput) when `out` cannot be written or the disk is full.
/// `options` have passed check_options(). `threads` compute; 0: one per processor.
TranslateSummary translate_folder(const TranslateOptions& options, const Translator& translator,
                                  int64_t threads = 0);

}  // namespace solstice
