#include "pipelines/gallery.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <string_view>

#include "core/error.h"
#include "core/files.h"
#include "core/html.h"
#include "core/log.h"
#include "core/message.h"
#include "image/codec.h"

namespace solstice {
namespace {

constexpr int kJpegQuality = 85;
constexpr int kGap = 8;  ///< between the images of the sheet

constexpr std::string_view kStyle =
    R"(figure div { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem; }
img { border-radius: 4px; }
)";

struct Shown {
  std::string name;
  cv::Mat before, after;
};

std::string figure(const Shown& shown) {
  const auto picture = [](const cv::Mat& pixels, std::string_view what) {
    const std::string jpeg = encode_image({pixels, {}}, {ImageFormat::kJpeg, kJpegQuality});
    return message("<img alt=\"", what, "\" width=\"", pixels.cols, "\" height=\"", pixels.rows,
                   "\" src=\"data:image/jpeg;base64,", to_base64(jpeg), "\">");
  };
  return message("<figure><div>", picture(shown.before, "before"), picture(shown.after, "after"),
                 "</div><figcaption>", escape_html(shown.name), "</figcaption></figure>\n");
}

/// The images of each row side by side, rows one below the other, on white.
cv::Mat contact_sheet(const std::vector<Shown>& rows) {
  int width = 0, height = 0;
  for (const Shown& row : rows) {
    width = std::max(width, row.before.cols + kGap + row.after.cols);
    height += std::max(row.before.rows, row.after.rows) + (height > 0 ? kGap : 0);
  }
  cv::Mat sheet(height, width, CV_8UC3, cv::Scalar::all(255));
  int top = 0;
  for (const Shown& row : rows) {
    row.before.copyTo(sheet(cv::Rect(0, top, row.before.cols, row.before.rows)));
    row.after.copyTo(sheet(cv::Rect(row.before.cols + kGap, top, row.after.cols, row.after.rows)));
    top += std::max(row.before.rows, row.after.rows) + kGap;
  }
  return sheet;
}

std::vector<Shown> load_pairs(const std::vector<GalleryPair>& pairs) {
  std::vector<Shown> shown;
  for (const GalleryPair& pair : pairs) {
    if (shown.size() == kGalleryPairs) break;
    try {
      shown.push_back({pair.after.filename().string(),
                       screen_image(load_image(pair.before.string()), kGallerySide),
                       screen_image(load_image(pair.after.string()), kGallerySide)});
    } catch (const std::exception& error) {
      log_warning(message("left out of the gallery: ", error.what()));
    }
  }
  return shown;
}

}  // namespace

cv::Mat screen_image(const Image& image, int side) {
  cv::Mat pixels = image.pixels;
  if (const int longest = std::max(pixels.cols, pixels.rows); longest > side) {
    const auto shrunk = [&](int length) {
      return std::max(1, static_cast<int>(int64_t{length} * side / longest));
    };
    cv::Mat smaller;
    cv::resize(pixels, smaller, cv::Size(shrunk(pixels.cols), shrunk(pixels.rows)), 0, 0,
               cv::INTER_AREA);
    pixels = smaller;
  }
  if (pixels.depth() == CV_16U) {
    cv::Mat eight;
    pixels.convertTo(eight, CV_8U, 255.0 / 65535.0);
    pixels = eight;
  }
  if (pixels.channels() != 1) return composed_on_white(pixels);
  cv::Mat rgb;
  cv::cvtColor(pixels, rgb, cv::COLOR_GRAY2RGB);
  return rgb;
}

void write_gallery(const std::filesystem::path& folder, const std::string& title,
                   const std::vector<GalleryPair>& pairs) {
  make_directories(folder);
  std::vector<Shown> shown = load_pairs(pairs);
  std::string page = html_head(title, kStyle) + "<p>Left: before. Right: after.</p>\n";
  for (const Shown& pair : shown) page += figure(pair);
  if (shown.empty()) page += "<p>No image was translated.</p>\n";
  write_file_atomically(folder / "index.html", page);
  if (shown.empty()) return;

  shown.resize(std::min(shown.size(), kSheetPairs));
  write_file_atomically(folder / "before_after.png",
                        encode_image({contact_sheet(shown), {}}, {ImageFormat::kPng, 95}));
}

}  // namespace solstice
