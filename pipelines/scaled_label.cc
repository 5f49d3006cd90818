#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/json_text.h"
#include "core/log.h"
#include "core/message.h"
#include "image/codec.h"
#include "image/indexed_png.h"
#include "pipelines/sidecars.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kLargest = 1e12;  ///< of a coordinate or an area
[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::kInput, what); }

/// A decimal number times a whole one, whole where it was whole.
std::string times(const std::string& number, int scale) {
  int64_t whole = 0;
  const char* end = number.data() + number.size();
  if (const auto read = std::from_chars(number.data(), end, whole);
      read.ec == std::errc() && read.ptr == end && std::abs(whole) < (int64_t{1} << 40)) {
    return std::to_string(whole * scale);
  }
  double real = 0;
  const auto read = std::from_chars(number.data(), end, real);
  if (read.ec != std::errc() || read.ptr != end || !std::isfinite(real)) {
    constexpr size_t kShown = 40;
    refuse(message("found \"", printable(number.substr(0, kShown)), "\", expected a coordinate"));
  }
  return Json(real * scale).dump();
}

constexpr std::array<std::string_view, 6> kCoordinates{"width", "height", "xmin",
                                                       "ymin",  "xmax",   "ymax"};

/// Pascal VOC: the text of the elements that hold coordinates, times the scale. All else stays as
/// it is.
std::string scale_voc(const std::string& xml, int scale) {
  if (xml.find("<annotation") == std::string::npos) {
    refuse("is no Pascal VOC annotation, so its coordinates cannot be scaled");
  }
  std::string scaled;
  size_t done = 0;
  for (size_t at = 0; (at = xml.find('<', at)) != std::string::npos;) {
    if (xml.compare(at, 4, "<!--") == 0) {
      at = xml.find("-->", at);
      continue;
    }
    const size_t name = at + 1;
    at = std::min(xml.find_first_of(" \t\r\n/>", name), xml.size());
    const std::string tag = xml.substr(name, at - name);
    if (std::find(kCoordinates.begin(), kCoordinates.end(), tag) == kCoordinates.end()) continue;
    const size_t begin = std::min(xml.find('>', at), xml.size() - 1) + 1;
    const size_t end = xml.find("</" + tag, begin);
    if (xml[begin - 2] == '/' || end == std::string::npos) {
      refuse(message("<", tag, "> is empty or never closed"));
    }
    const size_t first = std::min(xml.find_first_not_of(" \t\r\n", begin), end);
    const size_t last = first == end ? end : xml.find_last_not_of(" \t\r\n", end - 1) + 1;
    scaled += xml.substr(done, first - done) + times(xml.substr(first, last - first), scale);
    done = at = last;
  }
  return scaled + xml.substr(done);
}

void scale_number(Json& number, int factor) {
  if (number.is_number_integer()) {
    if (std::abs(number.get<double>()) > kLargest) refuse(message(number.dump(), " is too large"));
    number = number.get<int64_t>() * factor;
  } else if (number.is_number()) {
    if (std::abs(number.get<double>()) > kLargest) refuse(message(number.dump(), " is too large"));
    number = number.get<double>() * factor;
  }
}

/// Every number of nested arrays.
void scale_coordinates(Json& value, int scale) {
  if (value.is_object()) refuse("a run-length mask cannot be scaled; use polygons or _mask.png");
  if (!value.is_array()) return scale_number(value, scale);
  for (Json& part : value) scale_coordinates(part, scale);
}

void scale_members(Json& value, int scale) {
  if (value.is_array()) {
    for (Json& part : value) scale_members(part, scale);
  }
  if (!value.is_object()) return;
  for (auto& [key, member] : value.items()) {
    if (key == "bbox" || key == "segmentation" || key == "points" || key == "width" ||
        key == "height" || key == "imageWidth" || key == "imageHeight") {
      scale_coordinates(member, scale);
    } else if (key == "imageData") {
      member = nullptr;  // labelme's copy of the small image, which it would show instead of ours
    } else if (key == "area") {
      scale_number(member, scale * scale);
    } else if (key == "keypoints" && member.is_array()) {
      // Triples x, y and whether it is seen. A category has names there.
      for (size_t i = 0; i < member.size(); ++i) {
        if (i % 3 != 2) scale_number(member[i], scale);
      }
    } else {
      scale_members(member, scale);
    }
  }
}

std::string scale_json(const std::string& text, int scale) {
  Json json = parse_json<Json>(text);
  if (json.is_discarded()) refuse("is no JSON, or is nested too deeply");
  scale_members(json, scale);
  return json.dump() + "\n";
}

std::string scale_mask(const std::string& bytes, int scale) {
  if (is_indexed_png(bytes)) return enlarge_indexed_png(bytes, scale);
  Image mask = decode_image(bytes);
  cv::resize(mask.pixels, mask.pixels, {}, scale, scale, cv::INTER_NEAREST);
  return encode_image(mask, {ImageFormat::kPng});
}

}  // namespace

std::string scaled_label(std::string_view ending, const std::string& bytes, int scale) {
  if (scale == 1 || ending == ".txt") return bytes;
  if (ending == ".xml") return scale_voc(bytes, scale);
  if (ending == ".json") return scale_json(bytes, scale);
  return scale_mask(bytes, scale);
}

}  // namespace solstice
