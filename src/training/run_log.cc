#include "training/run_log.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace solstice {
namespace {

using LogLine = nlohmann::ordered_json;

Curve& curve_named(RunLog& log, const std::string& name) {
  for (Curve& curve : log.curves) {
    if (curve.name == name) return curve;
  }
  return log.curves.emplace_back(Curve{name, {}});
}

void read_training_line(const LogLine& line, int64_t step, RunLog& log) {
  log.steps = std::max(log.steps, step);
  for (const auto& [name, value] : line.items()) {
    if (name == "step" || name == "batch" || !value.is_number()) continue;
    if (name == "epoch") {
      log.epoch = value.get<int64_t>();
    } else {
      curve_named(log, name).points.push_back({step, value.get<double>()});
    }
  }
}

void read_validation(const LogLine& line, int64_t step, RunLog& log) {
  const auto best = line.find("best");
  ValidationLine row{step, {}, best != line.end() && best->is_boolean() && best->get<bool>()};
  for (const auto& [name, value] : line.items()) {
    if (name != "step" && name != "epoch" && value.is_number()) {
      row.metrics.emplace_back(name, value.get<double>());
    }
  }
  log.validations.push_back(std::move(row));
}

void read_event(const LogLine& line, int64_t step, RunLog& log) {
  RunEvent event{step, line["event"].get<std::string>(), ""};
  for (const auto& [name, value] : line.items()) {
    if (name == "step" || name == "event") continue;
    if (!event.what.empty()) event.what += "; ";
    if (name != "what") event.what += name + ": ";
    event.what += value.is_string() ? value.get<std::string>()
                                    : value.dump(-1, ' ', false, LogLine::error_handler_t::replace);
  }
  log.events.push_back(std::move(event));
}

void read_line(std::string_view text, RunLog& log) {
  const LogLine line = LogLine::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!line.is_object()) return;
  const auto step = line.find("step");
  if (step == line.end() || !step->is_number_integer()) return;
  const auto event = line.find("event");
  if (event == line.end() || !event->is_string()) {
    read_training_line(line, step->get<int64_t>(), log);
  } else if (*event == "validation") {
    read_validation(line, step->get<int64_t>(), log);
  } else {
    read_event(line, step->get<int64_t>(), log);
  }
}

}  // namespace

const Curve* RunLog::curve(std::string_view name) const {
  for (const Curve& candidate : curves) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

RunLog parse_run_log(std::string_view text) {
  RunLog log;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    read_line(text.substr(0, end), log);
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  const auto earlier = [](const auto& a, const auto& b) { return a.step < b.step; };
  for (Curve& curve : log.curves) {
    std::stable_sort(curve.points.begin(), curve.points.end(), earlier);
  }
  std::stable_sort(log.validations.begin(), log.validations.end(), earlier);
  return log;
}

std::vector<CurvePoint> thinned(const std::vector<CurvePoint>& points, size_t most) {
  if (points.size() <= most) return points;
  const size_t stretches = (most - 2) / 2;
  const size_t between = points.size() - 2;
  std::vector<CurvePoint> kept{points.front()};
  for (size_t i = 0; i < stretches; ++i) {
    const auto begin = points.begin() + static_cast<std::ptrdiff_t>(1 + i * between / stretches);
    const auto end =
        points.begin() + static_cast<std::ptrdiff_t>(1 + (i + 1) * between / stretches);
    auto [low, high] = std::minmax_element(
        begin, end, [](const CurvePoint& a, const CurvePoint& b) { return a.value < b.value; });
    if (high < low) std::swap(low, high);
    kept.push_back(*low);
    if (low != high) kept.push_back(*high);
  }
  kept.push_back(points.back());
  return kept;
}

std::vector<CurvePoint> smoothed(const std::vector<CurvePoint>& points, double window) {
  const double decay = 1 - 2 / (std::max(window, 1.0) + 1);
  std::vector<CurvePoint> result;
  result.reserve(points.size());
  double sum = 0;
  double weight = 0;
  for (const CurvePoint& point : points) {
    sum = decay * sum + point.value;
    weight = decay * weight + 1;
    result.push_back({point.step, sum / weight});
  }
  return result;
}

}  // namespace solstice
