#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pipelines/journal.h"
#include "pipelines/listing.h"
#include "pipelines/name_template.h"
#include "pipelines/shard.h"
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
  bool skip = false;    ///< the result is there already and stays
  std::string place{};  ///< of the result below the output folder
  std::vector<Sidecar> sidecars{};
};

/// The name of a result below the output folder. `same` keeps the name; another format replaces the
/// extension of a known image format and is appended to any other ending ("holiday.2019").
std::filesystem::path output_name(const std::filesystem::path& relative, OutputFormat format);

/// The format that the image `output` is written in: its extension's, or `content` (what the input
/// really is) when the extension is none of ours.
ImageFormat output_format(const std::filesystem::path& output, ImageFormat content);

/// What a plan depends on besides files and options.
struct OutputContext {
  std::string model_name;  ///< for {model}
  uint64_t made_by = 0;    ///< result_hash() of this run
  Shard shard;
};

/// The jobs of a run, made one by one as they are asked for: names are computed and what is there
/// already is looked at late, so that a folder of 100,000 files begins at once and takes little
/// memory, and results that another process made meanwhile are seen.
class OutputPlan {
 public:
  /// `options` must outlive the plan. Touches nothing. All of `files` are checked, then those of
  /// the shard are kept and of them the first `limit`. Throws Error(kUsage) when two inputs have
  /// one result or a result is one of the inputs (all are counted, the first is named) or a name
  /// does not fit, and Error(kOutput) for `existing == kError` when a result of the shard is there.
  OutputPlan(std::vector<ListedFile> files, const TranslateOptions& options,
             const OutputContext& context);

  size_t size() const { return files_.size(); }
  Job operator[](size_t index) const;

  /// The job of a file that is not one of the plan's: it came later. Throws Error(kUsage) when its
  /// result is itself or its name does not fit, and Error(kOutput) for `existing == kError` when
  /// its result is there.
  Job job_of(const ListedFile& file) const;

  /// The folders that results go to.
  std::set<std::filesystem::path> folders() const;

 private:
  Job planned(const ListedFile& file) const;
  std::string place_of(const ListedFile& file) const;
  bool is_up_to_date(const Job& job) const;
  void refuse_existing() const;

  const TranslateOptions& options_;
  OutputContext context_;
  std::optional<NameTemplate> name_;
  Makings makings_;  ///< for `changed`
  std::vector<ListedFile> files_;
};

/// Throws Error(kOutput) unless files can be made in the folder, which is made when absent.
void check_writable(const std::filesystem::path& folder);

/// Likewise for a file and its folder; Error(kUsage) where the file is a folder.
void check_file_writable(const std::filesystem::path& file);

/// A hash of what shows in a result: the model's identity and the options, without those that only
/// say which files are taken, where results go or how the work is spread.
uint64_t result_hash(const std::string& model_identity, const TranslateOptions& options);

/// The options that result_hash() leaves out.
bool shows_in_results(const std::string& option);

}  // namespace solstice
