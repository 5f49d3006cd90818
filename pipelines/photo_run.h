#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "pipelines/photo.h"

namespace solstice {

/// run_pipeline over photos: `source` and `finish` keep its promises.
PipelineResult run_photos(const TranslateOptions& options, const ImageModel& model,
                          const std::function<std::unique_ptr<Item>()>& source,
                          const std::function<void(Photo&)>& finish);

/// Why the photo failed, in one line without the name of its file in front; empty: it did not.
std::string failure_of(const Photo& photo);

/// What `--json` and `--serve` say of a photo: `input`, `output`, `status` (done, skipped, failed),
/// `size` [width, height] where it is known; of a failed one also `stage` and `error`.
nlohmann::ordered_json result_line(const Photo& photo);

/// Writes one line at once. Throws Error(kOutput) when nobody reads it any more.
void write_line(std::ostream& results, const nlohmann::ordered_json& line);

}  // namespace solstice
