#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "image/image.h"

namespace solstice {

/// One row a format. The first extension is the one we write.
struct ImageFormatRow {
  std::string_view name;  ///< "jpeg", as in --format
  ImageFormat format;
  std::vector<std::string_view> extensions;  ///< lower case, with the dot
};
const std::vector<ImageFormatRow>& image_formats();

/// The format an extension stands for (any case), if it is one of ours. Used to choose input files
/// and output formats; what a file really is, read_header says.
std::optional<ImageFormat> format_of_extension(std::string_view extension);
std::string_view extension_of(ImageFormat format);

/// What an extension stands for of the pictures that people keep among their photos and that are
/// not read here: "a HEIC image"; empty for any other.
std::string_view foreign_kind_of_extension(std::string_view extension);

/// Size, depth and orientation of an encoded image. Cheap: decodes nothing. The first bytes are
/// often enough, but a TIFF's directory and a WebP's or PNG's EXIF may stand after the pixels.
/// Throws Error(kInput) without a file name (the caller has it): "is empty", "is text, not an
/// image", "is cut off inside its header", "is a GIF image, which is not supported".
ImageHeader read_header(std::string_view bytes);

/// What to do with a file that ends before its picture does.
enum class Truncated { kRefuse, kAccept };

struct DecodeOptions {
  int64_t max_pixels = 1'000'000'000;  ///< refused from the header, before decoding
  Truncated truncated = Truncated::kRefuse;
};

/// Decodes one image of a format of the table, sniffed from its bytes. Applies EXIF orientation
/// once, keeps 16 bit, alpha and grey (with alpha as RGBA, `metadata.grey_with_alpha`); palette and
/// CMYK become RGB. A truncated or damaged file is
/// an error, never a grey-filled picture, unless a truncated one is accepted: then what is missing
/// is grey, black or transparent, as the format's decoder leaves it, and `metadata.warnings` says
/// so. Damaged metadata is left out with a warning there. Throws Error(kInput) without a file name.
/// Thread-safe.
Image decode_image(std::string_view bytes, const DecodeOptions& options = {});

enum class KeepMetadata { kYes, kNo };

struct EncodeOptions {
  ImageFormat format = ImageFormat::kPng;
  /// 1 to 100; JPEG and WebP. 0: JPEG that comes from JPEG has its quality, other JPEG 95; WebP
  /// that comes from lossless WebP is lossless, other WebP 90 (its quality cannot be read).
  int quality = 0;
  /// JPEG. kAuto: of the JPEG it comes from; else 4:4:4 from quality 90 on, 4:2:0 below.
  ChromaSampling chroma = ChromaSampling::kAuto;
  KeepMetadata metadata = KeepMetadata::kYes;
};

/// Encodes an image (8 or 16 bit, 1, 3 or 4 channels) with its EXIF, XMP and ICC profile. What came
/// as grey with alpha and still has no colour becomes grey again (WebP knows none). EXIF
/// gets orientation 1 and the picture's size and loses the thumbnail; a profile for other channels
/// is left out. What the format cannot hold is brought down by rounding (16 bit in JPEG, WebP, BMP)
/// or left out (alpha in JPEG and BMP: composed on white; metadata in BMP; in JPEG, whose segments
/// end at 64 KB, longer XMP and longer EXIF). Throws Error(kOutput) without a file name.
/// Thread-safe.
std::string encode_image(const Image& image, const EncodeOptions& options);

/// 8-bit RGBA over a white page; pixels of other channels as they are.
cv::Mat composed_on_white(const cv::Mat& pixels);

/// What encode_image would lose of this image, a line each: "its alpha is composed on white".
std::vector<std::string> losses_of_encoding(const Image& image, const EncodeOptions& options);

/// read_file + decode_image, with the file's name in front of every error.
Image load_image(const std::string& path, const DecodeOptions& options = {});

/// encode_image by the path's extension + atomic write, with the file's name in every error.
void save_image(const std::string& path, const Image& image, int quality = 95);

}  // namespace solstice
