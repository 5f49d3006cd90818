#pragma once

#include <nlohmann/json.hpp>

#include "training/run_log.h"

namespace solstice {

/// What the script of the report page draws: an object of arrays of charts, "losses", "validation"
/// and "rates", and "markers": [{"step", "text"}], the events that every chart shows. A chart is
/// {"title", "curves": [{"name", "raw": {"steps", "values"}, "smooth" likewise}]}; what is too
/// short to be smoothed has no "smooth". Losses share a chart when both their family (generator:
/// "G_...", discriminator: "D_...", the others) and their order of magnitude fit. At most
/// kChartPoints points a curve, whatever the length of the log.
nlohmann::ordered_json report_charts(const RunLog& log);

inline constexpr size_t kChartPoints = 2000;

}  // namespace solstice
