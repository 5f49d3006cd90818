#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "pipelines/folder_watch.h"
#include "pipelines/photo.h"

namespace solstice {

/// Photos of `--watch`: of files that appear while the run is on, planned as they come. The one of
/// a file whose result would be another file's has failed.
class Arrivals {
 public:
  /// Throws as FolderWatch does.
  Arrivals(const TranslateOptions& options, const OutputContext& context);

  /// A result that is spoken for.
  void reserve(const Job& job);

  /// Waits for the next file; null once `stop` says true.
  std::unique_ptr<Photo> next(const ImageModel& model, const std::function<bool()>& stop);

 private:
  Job plan(const ListedFile& file);
  bool is_left_alone(const ListedFile& file) const;

  const TranslateOptions& options_;
  OutputPlan outputs_;
  FolderWatch watch_;
  bool announced_ = false;
  std::unordered_map<std::string, std::string> owners_;  ///< inputs by their results, spelled
};

}  // namespace solstice
