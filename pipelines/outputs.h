#pragma once

#include <filesystem>
#include <vector>

#include "pipelines/listing.h"
#include "pipelines/translate.h"

namespace solstice {

/// A label beside an image (pipelines/sidecars.h) and where its copy goes.
struct Sidecar {
  std::filesystem::path input;
  std::filesystem::path output;
};

/// One file and where its result goes.
struct Job {
  std::filesystem::path input;
  std::filesystem::path output;
  bool skip = false;  ///< the result is there already and stays
  std::vector<Sidecar> sidecars{};
};

/// The name of a result below the output folder. `same` keeps the name; another format replaces the
/// extension of a known image format and is appended to any other ending ("holiday.2019").
std::filesystem::path output_name(const std::filesystem::path& relative, OutputFormat format);

/// The format that the image `output` is written in: its extension's, or `content` (what the input
/// really is) when the extension is none of ours.
ImageFormat output_format(const std::filesystem::path& output, ImageFormat content);

/// Names every result and looks at what is there already; touches nothing.
/// Throws Error(kUsage) when two inputs have one result or a result is one of the inputs (all are
/// counted, the first is named), and Error(kOutput) for `existing == kError` when a result is
/// there.
std::vector<Job> plan_outputs(const std::vector<ListedFile>& files,
                              const TranslateOptions& options);

}  // namespace solstice
