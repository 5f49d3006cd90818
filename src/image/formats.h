#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

#include "image/image.h"

namespace solstice {

/// What codec.cc asks of each format. Every function throws Error without a file name: kInput when
/// reading, kOutput when writing.

/// Headers, parsed from bytes that may be hostile. Width and height are the stored ones, before
/// orientation; channels and bits are those that decoding gives.
ImageHeader jpeg_header(std::string_view bytes);
ImageHeader png_header(std::string_view bytes);
ImageHeader webp_header(std::string_view bytes);
ImageHeader tiff_header(std::string_view bytes);
ImageHeader bmp_header(std::string_view bytes);

/// False when a BMP ends before its last row.
bool bmp_is_whole(std::string_view bytes, const ImageHeader& header);

/// Throws unless both sides are from 1 to 2^31 - 1; sets them in `header`.
void set_size(ImageHeader& header, uint64_t width, uint64_t height);

/// Pixels as stored (orientation not applied), in the order of Image. `stored` is what the
/// format's header function said of the same bytes.
cv::Mat decode_jpeg(std::string_view bytes, const ImageHeader& stored, int& quality);
cv::Mat decode_png(std::string_view bytes, const ImageHeader& stored);
cv::Mat decode_webp(std::string_view bytes, const ImageHeader& stored);
cv::Mat decode_tiff(std::string_view bytes, const ImageHeader& stored);
cv::Mat decode_bmp(std::string_view bytes, const ImageHeader& stored);

/// JPEG: 8 bit, 1 or 3 channels. PNG and TIFF: 8 or 16 bit, 1, 3 or 4. WebP: 8 bit, 1, 3 or 4.
/// BMP: 8 bit, 1 or 3.
std::string encode_jpeg(const cv::Mat& pixels, int quality);
std::string encode_png(const cv::Mat& pixels);
std::string encode_webp(const cv::Mat& pixels, int quality);
std::string encode_tiff(const cv::Mat& pixels);
std::string encode_bmp(const cv::Mat& pixels);

}  // namespace solstice
