#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "core/message.h"
#include "image/codec.h"
#include "pipelines/sidecars.h"

namespace solstice {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kDeepest = 64;  ///< of JSON inside JSON

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
    refuse(message("found \"", number, "\", expected a coordinate"));
  }
  return Json(real * scale).dump();
}

/// The text between two tags, times the scale, wherever these tags are; all else stays as it is.
std::string scale_elements(const std::string& xml, const std::string& tag, int scale) {
  const std::string open = message("<", tag, ">"), close = message("</", tag, ">");
  std::string scaled;
  size_t done = 0;
  for (size_t at = xml.find(open); at != std::string::npos; at = xml.find(open, done)) {
    const size_t begin = at + open.size();
    const size_t end = xml.find(close, begin);
    if (end == std::string::npos) refuse(message(open, " is never closed"));
    const size_t first = std::min(xml.find_first_not_of(" \t\r\n", begin), end);
    const size_t last = first == end ? end : xml.find_last_not_of(" \t\r\n", end - 1) + 1;
    scaled += xml.substr(done, first - done) + times(xml.substr(first, last - first), scale);
    done = last;
  }
  return scaled + xml.substr(done);
}

std::string scale_voc(std::string xml, int scale) {
  if (xml.find("<annotation") == std::string::npos) {
    refuse("is no Pascal VOC annotation, so its coordinates cannot be scaled");
  }
  for (const char* tag : {"width", "height", "xmin", "ymin", "xmax", "ymax"}) {
    xml = scale_elements(xml, tag, scale);
  }
  return xml;
}

void scale_number(Json& number, int factor) {
  if (number.is_number_integer()) {
    if (std::abs(number.get<double>()) > 1e12) refuse(message(number.dump(), " is too large"));
    number = number.get<int64_t>() * factor;
  } else if (number.is_number()) {
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
  const auto check_depth = [](int depth, auto, const auto&) {
    if (depth > kDeepest) refuse("is JSON nested too deeply");
    return true;
  };
  Json json = Json::parse(text, check_depth, false);
  if (json.is_discarded()) refuse("is no JSON");
  scale_members(json, scale);
  return json.dump() + "\n";
}

std::string scale_mask(const std::string& bytes, int scale) {
  constexpr size_t kColourType = 25;
  if (bytes.size() > kColourType && bytes[kColourType] == 3) {
    refuse("is a mask with a palette, whose numbers scaling would lose; save it as grey");
  }
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
