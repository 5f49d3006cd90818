#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace solstice {

struct CurvePoint {
  int64_t step;
  double value;
};

/// One number of the log over the steps, ascending.
struct Curve {
  std::string name;
  std::vector<CurvePoint> points;
};

struct ValidationLine {
  int64_t step;
  std::vector<std::pair<std::string, double>> metrics;
  bool best;  ///< better than all before it
};

/// Anything else that happened: a NaN, a resume.
struct RunEvent {
  int64_t step;
  std::string event;
  std::string what;  ///< its other fields, in one line
};

/// log.jsonl read back.
struct RunLog {
  int64_t steps = 0;  ///< the last that was logged
  int64_t epoch = 0;
  std::vector<Curve> curves;  ///< losses, "lr", "images_per_second", ... as they first appear
  std::vector<ValidationLine> validations;
  std::vector<RunEvent> events;

  /// The curve of this name, or none.
  const Curve* curve(std::string_view name) const;
};

/// Reads the text of a log. Lines that are no JSON object with a step (the last one of a killed
/// run may be cut off) and values that are no numbers are left out.
RunLog parse_run_log(std::string_view text);

/// At most `most` (4 or more) of the points, for drawing: the first, the last, and of every stretch
/// between them the least and the greatest.
std::vector<CurvePoint> thinned(const std::vector<CurvePoint>& points, size_t most);

/// The exponential moving average over about `window` points, free of bias at the start; the points
/// themselves for a window of 1.
std::vector<CurvePoint> smoothed(const std::vector<CurvePoint>& points, double window);

}  // namespace solstice
