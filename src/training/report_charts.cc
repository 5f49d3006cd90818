#include "training/report_charts.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace solstice {
namespace {

using ChartJson = nlohmann::ordered_json;

constexpr size_t kSmoothPoints = 500;
constexpr size_t kMostMarkers = 50;
constexpr double kSameScale = 6;  ///< curves that share a chart are at most so many times apart

enum class Smoothing { kNone, kSome };

/// Six digits are more than a chart shows.
double rounded(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.6g", value);
  return std::strtod(text, nullptr);
}

ChartJson points_json(const std::vector<CurvePoint>& points) {
  ChartJson steps = ChartJson::array();
  ChartJson values = ChartJson::array();
  for (const CurvePoint& point : points) {
    steps.push_back(point.step);
    values.push_back(rounded(point.value));
  }
  return {{"steps", std::move(steps)}, {"values", std::move(values)}};
}

ChartJson curve_json(const Curve& curve, Smoothing smoothing) {
  ChartJson json = {{"name", curve.name},
                    {"raw", points_json(thinned(curve.points, kChartPoints))}};
  const double window = static_cast<double>(curve.points.size()) / 25;
  if (smoothing == Smoothing::kSome && window >= 2) {
    json["smooth"] = points_json(thinned(smoothed(curve.points, window), kSmoothPoints));
  }
  return json;
}

/// What the curve's values are like: the median of their sizes.
double magnitude(const Curve& curve) {
  std::vector<double> sizes;
  for (const CurvePoint& point : curve.points) sizes.push_back(std::abs(point.value));
  const auto middle = sizes.begin() + static_cast<std::ptrdiff_t>(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  return *middle;
}

bool is_rate(const std::string& name) {
  return name == "lr" || name.starts_with("lr_") || name == "images_per_second" ||
         name == "data_wait" || name.starts_with("grad_norm");
}

struct LossChart {
  std::string family;
  double scale;
  std::vector<const Curve*> curves;
};

std::string family_of(const std::string& name) {
  if (name.starts_with("G_") || name == "G") return "Generator";
  if (name.starts_with("D_") || name == "D") return "Discriminator";
  return "Other losses";
}

std::vector<LossChart> group_losses(const RunLog& log) {
  std::vector<LossChart> charts;
  for (const Curve& curve : log.curves) {
    if (is_rate(curve.name)) continue;
    const std::string family = family_of(curve.name);
    const double scale = magnitude(curve);
    const auto fits = [&](const LossChart& chart) {
      const double least = std::min(chart.scale, scale);
      return chart.family == family && std::max(chart.scale, scale) <= kSameScale * least;
    };
    const auto place = std::find_if(charts.begin(), charts.end(), fits);
    if (place != charts.end()) {
      place->curves.push_back(&curve);
    } else {
      charts.push_back({family, scale, {&curve}});
    }
  }
  std::stable_sort(charts.begin(), charts.end(), [](const LossChart& a, const LossChart& b) {
    const auto rank = [](const LossChart& chart) {
      return chart.family == "Generator" ? 0 : chart.family == "Discriminator" ? 1 : 2;
    };
    return rank(a) < rank(b);
  });
  return charts;
}

ChartJson markers_json(const RunLog& log) {
  ChartJson markers = ChartJson::array();
  for (const RunEvent& event : log.events) {
    if (markers.size() == kMostMarkers) break;
    markers.push_back({{"step", event.step}, {"text", event.event}});
  }
  return markers;
}

ChartJson rate_charts(const RunLog& log) {
  struct RateChart {
    const char* title;
    const char* prefix;
    Smoothing smoothing;
  };
  constexpr RateChart kRates[] = {
      {"Learning rate", "lr", Smoothing::kNone},
      {"Gradient norm", "grad_norm", Smoothing::kSome},
      {"Images per second", "images_per_second", Smoothing::kSome},
      {"Share of time spent waiting for data", "data_wait", Smoothing::kSome}};
  ChartJson charts = ChartJson::array();
  for (const RateChart& rate : kRates) {
    ChartJson curves = ChartJson::array();
    for (const Curve& curve : log.curves) {
      if (is_rate(curve.name) && curve.name.starts_with(rate.prefix)) {
        curves.push_back(curve_json(curve, rate.smoothing));
      }
    }
    if (!curves.empty()) charts.push_back({{"title", rate.title}, {"curves", std::move(curves)}});
  }
  return charts;
}

ChartJson validation_charts(const RunLog& log) {
  std::vector<Curve> metrics;
  for (const ValidationLine& line : log.validations) {
    for (const auto& [name, value] : line.metrics) {
      auto place = std::find_if(metrics.begin(), metrics.end(),
                                [&](const Curve& curve) { return curve.name == name; });
      if (place == metrics.end()) place = metrics.insert(place, Curve{name, {}});
      place->points.push_back({line.step, value});
    }
  }
  ChartJson charts = ChartJson::array();
  for (const Curve& metric : metrics) {
    charts.push_back({{"title", metric.name},
                      {"curves", ChartJson::array({curve_json(metric, Smoothing::kNone)})}});
  }
  return charts;
}

}  // namespace

ChartJson report_charts(const RunLog& log) {
  ChartJson losses = ChartJson::array();
  for (const LossChart& chart : group_losses(log)) {
    ChartJson curves = ChartJson::array();
    for (const Curve* curve : chart.curves) curves.push_back(curve_json(*curve, Smoothing::kSome));
    losses.push_back({{"title", chart.family}, {"curves", std::move(curves)}});
  }
  return {{"losses", std::move(losses)},
          {"validation", validation_charts(log)},
          {"rates", rate_charts(log)},
          {"markers", markers_json(log)}};
}

}  // namespace solstice
