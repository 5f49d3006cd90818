#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace solstice {

namespace fs = std::filesystem;

/// The newest whole checkpoint of a run, if there is one.
std::optional<fs::path> latest_checkpoint(const fs::path& run);

/// A run's place on disk. Opening it takes a lock that lasts as long as the object (and ends with
/// the process, however it ends), so two trainings cannot share a directory.
///
///   options.ini              all effective options
///   model.safetensors        the latest model
///   best.safetensors         the model that did best in validation
///   log.jsonl                one object per logged step
///   samples/step_00000500.png
///   checkpoints/00000500/    everything a resume needs; appears whole, by rename
class RunDirectory {
 public:
  /// Makes the directory when absent. Throws Error(kOutput) when it cannot be written,
  /// Error(kUsage) when another process trains in it.
  explicit RunDirectory(const std::string& path);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  const fs::path& path() const { return path_; }
  fs::path options_file() const { return path_ / "options.ini"; }
  fs::path model_file() const { return path_ / "model.safetensors"; }
  fs::path best_file() const { return path_ / "best.safetensors"; }
  fs::path sample_file(int64_t step) const;

  /// A run was begun here before.
  bool has_run() const;

  /// An empty directory that commit_checkpoint() turns into checkpoints/<step>.
  fs::path begin_checkpoint(int64_t step);
  void commit_checkpoint(int64_t step, int64_t keep);

  /// Removes what killed processes left half-written, and lines of the log past `step`, so that
  /// what follows is the log of a run that never stopped.
  void clean(int64_t step);

  /// One line of log.jsonl, on disk when the call returns.
  void append_log(const nlohmann::ordered_json& line);

 private:
  fs::path checkpoint_path(int64_t step) const;

  fs::path path_;
  int lock_ = -1;
};

}  // namespace solstice
