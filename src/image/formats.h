#pragma once

#include <opencv2/core/mat.hpp>
#include <string>
#include <string_view>

#include "image/codec.h"
#include "image/exif.h"
#include "image/image.h"
#include "image/metadata.h"

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

/// Throws that the image is truncated, or where that is accepted warns of it.
void take_truncated(Truncated truncated, ImageMetadata& metadata);

/// Pixels as stored (orientation not applied), in the order of Image; fills in `metadata`. `stored`
/// is what the format's header function said of the same bytes.
cv::Mat decode_jpeg(std::string_view bytes, const ImageHeader& stored, Truncated truncated,
                    ImageMetadata& metadata);
cv::Mat decode_png(std::string_view bytes, const ImageHeader& stored, Truncated truncated,
                   ImageMetadata& metadata);
cv::Mat decode_webp(std::string_view bytes, const ImageHeader& stored, Truncated truncated,
                    ImageMetadata& metadata);
cv::Mat decode_tiff(std::string_view bytes, const ImageHeader& stored, Truncated truncated,
                    ImageMetadata& metadata);
cv::Mat decode_bmp(std::string_view bytes, const ImageHeader& stored, Truncated truncated,
                   ImageMetadata& metadata);

/// What the segments of a JPEG begin with, and how much of a block they hold.
inline constexpr std::string_view kJpegXmpMark("http://ns.adobe.com/xap/1.0/\0", 29);
inline constexpr size_t kLargestJpegExif = 65533 - kExifMark.size();
inline constexpr size_t kLargestJpegXmp = 65533 - kJpegXmpMark.size();

/// JPEG: 8 bit, 1 or 3 channels; blocks no larger than fits. PNG and TIFF: 8 or 16 bit, 1 to 4.
/// WebP: 8 bit, 1, 3 or 4. BMP: 8 bit, 1 or 3. Quality is from 1 to 100, sampling not kAuto.
std::string encode_jpeg(const cv::Mat& pixels, int quality, ChromaSampling chroma,
                        const MetadataBlocks& metadata);
std::string encode_png(const cv::Mat& pixels, const MetadataBlocks& metadata);
std::string encode_webp(const cv::Mat& pixels, int quality, Compression compression,
                        const MetadataBlocks& metadata);
std::string encode_tiff(const cv::Mat& pixels, const MetadataBlocks& metadata);
std::string encode_bmp(const cv::Mat& pixels);

}  // namespace solstice
