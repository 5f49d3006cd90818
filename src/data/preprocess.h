#pragma once

#include <ATen/core/Tensor.h>

#include <opencv2/core/mat.hpp>
#include <string>

#include "core/rng.h"
#include "data/dataset.h"

namespace solstice {

/// What happens to an image between file and network: resized, then cropped, then mirrored. Drawn
/// once for a pair, so that both sides stay aligned.
struct Geometry {
  cv::Size resized;
  cv::Rect crop;  ///< inside `resized`
  bool flip = false;
  int quarter_turns = 0;  ///< clockwise, after the mirroring
};

/// "640x480".
std::string size_text(cv::Size size);

/// The size of the tensors that come from an image of `source` size.
///  - resize_and_crop: squashed to load_size x load_size, cropped to crop_size x crop_size
///  - fit: the shorter side becomes load_size, the aspect stays; cropped
///  - scale_width: the width becomes load_size, the height follows (rounded down) but is at least
///    crop_size, as in the reference; not cropped
///  - scale_width_and_crop: the same, cropped
///  - crop: cropped
///  - none: each side becomes the nearest multiple of 4, as in the reference; not cropped
cv::Size preprocessed_size(const DataOptions& options, cv::Size source);

/// Draws left edge, top edge and flip, in this order, whether or not the options leave a choice,
/// and then quarter turns where options.rotate. The image must be as large as the crop.
Geometry draw_geometry(const DataOptions& options, cv::Size source, Rng& rng);

/// The middle of the resized image, not mirrored: what validation looks at.
Geometry centre_geometry(const DataOptions& options, cv::Size source);

/// What of preprocess() no draw decides: alpha is dropped, the image resized. preprocess() makes
/// the same of the result as of the pixels.
cv::Mat resize_for(const DataOptions& options, const cv::Mat& pixels);

/// The crop of the resized image.
cv::Mat cut(const cv::Mat& pixels, const Geometry& geometry);

/// Mirrors and turns what was cut.
cv::Mat turned_pixels(const cv::Mat& crop, const Geometry& geometry);

/// The same, converted: (3, H, W) float32 in [-1, 1].
at::Tensor oriented(const cv::Mat& crop, const Geometry& geometry);

/// Applies it to an image of 1 (grey), 3 (RGB) or 4 (RGBA) channels, 8 or 16 bit. Resizing is
/// Pillow's antialiased bicubic in 8 bit; an image that is only cropped keeps its 16 bit. Grey
/// becomes RGB, alpha is dropped. oriented(cut()).
at::Tensor preprocess(const cv::Mat& pixels, const Geometry& geometry);

}  // namespace solstice
