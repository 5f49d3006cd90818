#include "image/lab.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>
#include <vector>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace {

/// XYZ of the white point.
constexpr float kWhiteX = 0.95047F, kWhiteZ = 1.08883F;

/// Where the cube root begins: (6 / 29)^3, and the straight line below it.
constexpr float kKnee = 6.0F / 29.0F;
constexpr float kSlope = 3 * kKnee * kKnee;
constexpr float kOffset = 4.0F / 29.0F;

float f_of(float t) { return t > kKnee * kKnee * kKnee ? std::cbrt(t) : t / kSlope + kOffset; }
float f_inverse(float f) { return f > kKnee ? f * f * f : (f - kOffset) * kSlope; }

double linear(double value) {
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

template <class Level>
const std::vector<float>& linear_levels() {
  static const std::vector<float> levels = [] {
    std::vector<float> made(size_t{std::numeric_limits<Level>::max()} + 1);
    for (size_t i = 0; i < made.size(); ++i) {
      made[i] =
          static_cast<float>(linear(static_cast<double>(i) / static_cast<double>(made.size() - 1)));
    }
    return made;
  }();
  return levels;
}

/// The reverse of linear(), by a table over the square root, which is nearly straight: 1e-8 off.
float encoded(float value) {
  constexpr int kSteps = 8192;
  static const std::array<float, kSteps + 2> table = [] {
    std::array<float, kSteps + 2> made{};
    for (size_t i = 0; i < made.size(); ++i) {
      const double root = static_cast<double>(i) / kSteps;
      made[i] = static_cast<float>(1.055 * std::pow(root, 2 / 2.4) - 0.055);
    }
    return made;
  }();
  if (value <= 0.0031308F) return 12.92F * std::max(value, 0.0F);
  const float place = std::sqrt(std::min(value, 1.0F)) * kSteps;
  const auto below = static_cast<size_t>(place);
  const float rest = place - static_cast<float>(below);
  return table[below] + rest * (table[below + 1] - table[below]);
}

template <class Level>
Level level_of(float value) {
  return static_cast<Level>(encoded(value) * std::numeric_limits<Level>::max() + 0.5F);
}

struct Linear {
  float r, g, b;
  float luminance() const { return 0.2126729F * r + 0.7151522F * g + 0.0721750F * b; }
};

template <class Level, int kChannels>
Linear linear_pixel(const Level* pixel) {
  const float* table = linear_levels<Level>().data();
  return {table[pixel[0]], table[pixel[kChannels / 2]], table[pixel[kChannels - 1]]};
}

/// sRGB's primaries as Lindbloom gives them for D65, and their inverse.
cv::Vec3f lab_pixel(const Linear& in) {
  const float fx = f_of((0.4124564F * in.r + 0.3575761F * in.g + 0.1804375F * in.b) / kWhiteX);
  const float fy = f_of(in.luminance());
  const float fz = f_of((0.0193339F * in.r + 0.1191920F * in.g + 0.9503041F * in.b) / kWhiteZ);
  return {116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)};
}

Linear rgb_pixel(float fy, float a, float b) {
  const float x = kWhiteX * f_inverse(fy + a / 500);
  const float y = f_inverse(fy);
  const float z = kWhiteZ * f_inverse(fy - b / 200);
  return {3.2404542F * x - 1.5371385F * y - 0.4985314F * z,
          -0.9692660F * x + 1.8760108F * y + 0.0415560F * z,
          0.0556434F * x - 0.2040259F * y + 1.0572252F * z};
}

bool is_shown(const Linear& colour) {
  constexpr float kSlack = 1e-6F;
  const auto [least, most] = std::minmax({colour.r, colour.g, colour.b});
  return least >= -kSlack && most <= 1 + kSlack;
}

/// The most colourful one of that lightness and hue, up to a and b, that sRGB shows.
Linear shown_pixel(float fy, float a, float b) {
  const Linear wanted = rgb_pixel(fy, a, b);
  if (is_shown(wanted)) return wanted;
  constexpr int kHalvings = 12;
  float inside = 0, outside = 1;
  for (int i = 0; i < kHalvings; ++i) {
    const float middle = (inside + outside) / 2;
    (is_shown(rgb_pixel(fy, middle * a, middle * b)) ? inside : outside) = middle;
  }
  return rgb_pixel(fy, inside * a, inside * b);
}

template <class Level>
void write_pixel(float fy, float a, float b, Level* to) {
  const Linear colour = shown_pixel(fy, a, b);
  to[0] = level_of<Level>(colour.r);
  to[1] = level_of<Level>(colour.g);
  to[2] = level_of<Level>(colour.b);
}

/// Calls one of four instances of a function template for pixels' depth and channels.
template <class Work>
void with_type(const cv::Mat& pixels, Work&& work) {
  const int channels = pixels.channels();
  const bool known = pixels.depth() == CV_8U || pixels.depth() == CV_16U;
  if (!known || (channels != 1 && channels != 3)) {
    throw Error(ErrorKind::kRun, message("Lab of an image of ", channels, " channels of depth ",
                                         pixels.depth(), ", expected 1 or 3 of 8 or 16 bit"));
  }
  const auto of_level = [&](auto level) {
    channels == 1 ? work(level, std::integral_constant<int, 1>())
                  : work(level, std::integral_constant<int, 3>());
  };
  pixels.depth() == CV_8U ? of_level(uint8_t{}) : of_level(uint16_t{});
}

/// Where a result's pixel lies between four of a smaller row's, and their weights.
struct Tap {
  std::array<int, 4> at;
  std::array<float, 4> weight;
};

Tap tap_at(int place, int in_size, int out_size) {
  const float centre = (static_cast<float>(place) + 0.5F) * static_cast<float>(in_size) /
                           static_cast<float>(out_size) -
                       0.5F;
  const float before = std::floor(centre);
  const float t = centre - before;
  Tap tap;
  for (int i = 0; i < 4; ++i) {
    tap.at[static_cast<size_t>(i)] = std::clamp(static_cast<int>(before) - 1 + i, 0, in_size - 1);
  }
  // Keys 1981, a = -0.5.
  tap.weight = {((-0.5F * t + 1) * t - 0.5F) * t, (1.5F * t - 2.5F) * t * t + 1,
                ((-1.5F * t + 2) * t + 0.5F) * t, (0.5F * t - 0.5F) * t * t};
  return tap;
}

std::vector<Tap> taps_of(int in_size, int out_size) {
  std::vector<Tap> taps;
  for (int place = 0; place < out_size; ++place) taps.push_back(tap_at(place, in_size, out_size));
  return taps;
}

/// `ab` between its rows.
void mix_rows(const cv::Mat& ab, const Tap& tap, std::vector<cv::Vec2f>& row) {
  std::fill(row.begin(), row.end(), cv::Vec2f());
  for (size_t i = 0; i < 4; ++i) {
    const auto* from = ab.ptr<cv::Vec2f>(tap.at[i]);
    for (size_t x = 0; x < row.size(); ++x) row[x] += tap.weight[i] * from[x];
  }
}

cv::Vec2f mix(const std::vector<cv::Vec2f>& row, const Tap& tap) {
  cv::Vec2f sum;
  for (size_t i = 0; i < 4; ++i) sum += tap.weight[i] * row[static_cast<size_t>(tap.at[i])];
  return sum;
}

}  // namespace

cv::Mat lab_of(const cv::Mat& pixels) {
  cv::Mat lab(pixels.size(), CV_32FC3);
  with_type(pixels, [&]<class Level, int kChannels>(Level, std::integral_constant<int, kChannels>) {
    for (int y = 0; y < pixels.rows; ++y) {
      const auto* from = pixels.ptr<Level>(y);
      auto* to = lab.ptr<cv::Vec3f>(y);
      for (int x = 0; x < pixels.cols; ++x, from += kChannels) {
        to[x] = lab_pixel(linear_pixel<Level, kChannels>(from));
      }
    }
  });
  return lab;
}

cv::Mat lightness_of(const cv::Mat& pixels) {
  cv::Mat lightness(pixels.size(), CV_32FC1);
  with_type(pixels, [&]<class Level, int kChannels>(Level, std::integral_constant<int, kChannels>) {
    for (int y = 0; y < pixels.rows; ++y) {
      const auto* from = pixels.ptr<Level>(y);
      auto* to = lightness.ptr<float>(y);
      for (int x = 0; x < pixels.cols; ++x, from += kChannels) {
        to[x] = 116 * f_of(linear_pixel<Level, kChannels>(from).luminance()) - 16;
      }
    }
  });
  return lightness;
}

cv::Mat rgb_of_lab(const cv::Mat& lightness, const cv::Mat& ab, int depth) {
  cv::Mat rgb(lightness.size(), CV_MAKETYPE(depth, 3));
  with_type(rgb, [&]<class Level, int kChannels>(Level, std::integral_constant<int, kChannels>) {
    for (int y = 0; y < rgb.rows; ++y) {
      const auto* l = lightness.ptr<float>(y);
      const auto* colours = ab.ptr<cv::Vec2f>(y);
      auto* to = rgb.ptr<Level>(y);
      for (int x = 0; x < rgb.cols; ++x, to += 3) {
        write_pixel((std::clamp(l[x], 0.0F, 100.0F) + 16) / 116, colours[x][0], colours[x][1], to);
      }
    }
  });
  return rgb;
}

void write_coloured(const cv::Mat& pixels, const cv::Mat& ab, cv::Range rows, cv::Mat& result) {
  const std::vector<Tap> across = taps_of(ab.cols, pixels.cols);
  std::vector<cv::Vec2f> row(static_cast<size_t>(ab.cols));
  with_type(pixels, [&]<class Level, int kChannels>(Level, std::integral_constant<int, kChannels>) {
    for (int y = rows.start; y < rows.end; ++y) {
      mix_rows(ab, tap_at(y, ab.rows, pixels.rows), row);
      const auto* from = pixels.ptr<Level>(y);
      auto* to = result.ptr<Level>(y);
      for (int x = 0; x < pixels.cols; ++x, from += kChannels, to += 3) {
        const float fy = f_of(linear_pixel<Level, kChannels>(from).luminance());
        const cv::Vec2f colour = mix(row, across[static_cast<size_t>(x)]);
        write_pixel(fy, colour[0], colour[1], to);
      }
    }
  });
}

}  // namespace solstice
