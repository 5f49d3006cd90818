#include "image/made_images.h"

// jpeglib.h needs FILE declared before it.
#include <cstdio>

#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <opencv2/core.hpp>
#include <stdexcept>

#include "core/rng.h"
#include "image/byte_view.h"

namespace solstice::testing {

cv::Mat made_pixels(int width, int height, int type) {
  cv::Mat pixels(height, width, type);
  Rng rng({static_cast<uint64_t>(width), static_cast<uint64_t>(height)});
  const int channels = pixels.channels();
  const double most = pixels.depth() == CV_16U ? 65535 : 255;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width * channels; ++x) {
      const double wave = 0.5 + 0.35 * std::sin(0.07 * x / channels + 0.11 * y + x % channels);
      const double value = most * (wave + rng.uniform(-0.03, 0.03));
      if (pixels.depth() == CV_16U) {
        pixels.ptr<uint16_t>(y)[x] = static_cast<uint16_t>(value);
      } else {
        pixels.ptr<uint8_t>(y)[x] = static_cast<uint8_t>(value);
      }
    }
  }
  return pixels;
}

Image made_image(int width, int height, int type) {
  Image image;
  image.pixels = made_pixels(width, height, type);
  return image;
}

double largest_difference(const cv::Mat& a, const cv::Mat& b) {
  if (a.size() != b.size() || a.type() != b.type()) return -1;
  return cv::norm(a, b, cv::NORM_INF);
}

std::string big_endian(uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  return text;
}

std::string little_endian(uint32_t value, int bytes) {
  std::string text = big_endian(value, bytes);
  std::reverse(text.begin(), text.end());
  return text;
}

std::string exif_block(int orientation, bool big) {
  const auto number = big ? big_endian : little_endian;
  const std::string mark = big ? "MM" : "II";
  return mark + number(42, 2) + number(8, 4) + number(1, 2) + number(274, 2) + number(3, 2) +
         number(1, 4) + number(static_cast<uint32_t>(orientation), 2) + number(0, 2) + number(0, 4);
}

std::string png_chunk(std::string_view type, std::string_view data) {
  const std::string body = std::string(type) + std::string(data);
  const uLong sum =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<uint32_t>(data.size()), 4) + body +
         big_endian(static_cast<uint32_t>(sum), 4);
}

namespace {

/// The first directory written anew at the end of the file, with the tag in its place.
std::string tiff_with_orientation(std::string tiff, int orientation) {
  const ByteView view(tiff, Endian::kLittle);
  const size_t directory = view.u32(4);
  std::vector<std::string> entries;
  for (uint32_t i = 0; i < view.u16(directory); ++i) {
    const size_t entry = directory + 2 + size_t{i} * 12;
    if (view.u16(entry) != 274) entries.emplace_back(view.slice(entry, 12));
  }
  entries.push_back(exif_block(orientation).substr(10, 12));
  std::sort(entries.begin(), entries.end(), [](const std::string& a, const std::string& b) {
    return ByteView(a, Endian::kLittle).u16(0) < ByteView(b, Endian::kLittle).u16(0);
  });
  if (tiff.size() % 2 != 0) tiff += '\0';
  tiff.replace(4, 4, little_endian(static_cast<uint32_t>(tiff.size()), 4));
  tiff += little_endian(static_cast<uint32_t>(entries.size()), 2);
  for (const std::string& entry : entries) tiff += entry;
  return tiff + little_endian(0, 4);
}

/// A simple WebP inside the extended container, whose EXIF stands after the pixels.
std::string webp_with_orientation(const std::string& webp, const cv::Size& size, int orientation) {
  std::string exif = exif_block(orientation);
  const std::string extended = "VP8X" + little_endian(10, 4) + little_endian(0x08, 4) +
                               little_endian(static_cast<uint32_t>(size.width - 1), 3) +
                               little_endian(static_cast<uint32_t>(size.height - 1), 3);
  const std::string body = "WEBP" + extended + webp.substr(12) + "EXIF" +
                           little_endian(static_cast<uint32_t>(exif.size()), 4) + exif;
  return "RIFF" + little_endian(static_cast<uint32_t>(body.size()), 4) + body;
}

}  // namespace

std::string with_orientation(const std::string& encoded, ImageFormat format, int orientation) {
  switch (format) {
    case ImageFormat::kJpeg: {
      const std::string data = std::string("Exif\0\0", 6) + exif_block(orientation, true);
      return encoded.substr(0, 2) + "\xff\xe1" +
             big_endian(static_cast<uint32_t>(data.size() + 2), 2) + data + encoded.substr(2);
    }
    case ImageFormat::kPng:
      return encoded.substr(0, 33) + png_chunk("eXIf", exif_block(orientation)) +
             encoded.substr(33);
    case ImageFormat::kTiff:
      return tiff_with_orientation(encoded, orientation);
    case ImageFormat::kWebp: {
      const ByteView view(encoded, Endian::kLittle);
      const cv::Size size(static_cast<int>(view.u16(26)), static_cast<int>(view.u16(28)));
      return webp_with_orientation(encoded, size, orientation);
    }
    default:
      throw std::logic_error("no orientation in this format");
  }
}

std::string png_of(const PngRecipe& recipe) {
  std::string bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  if (setjmp(png_jmpbuf(png)) != 0) std::abort();
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, size_t count) {
        auto* out = static_cast<std::string*>(png_get_io_ptr(writer));
        out->append(reinterpret_cast<const char*>(data), count);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(recipe.width),
               static_cast<png_uint_32>(recipe.height), recipe.bit_depth, recipe.colour_type,
               recipe.interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  std::vector<png_color> palette;
  for (size_t i = 0; i + 2 < recipe.palette.size(); i += 3) {
    palette.push_back({recipe.palette[i], recipe.palette[i + 1], recipe.palette[i + 2]});
  }
  if (!palette.empty()) png_set_PLTE(png, info, palette.data(), static_cast<int>(palette.size()));
  if (!recipe.palette_alpha.empty()) {
    png_set_tRNS(png, info, recipe.palette_alpha.data(),
                 static_cast<int>(recipe.palette_alpha.size()), nullptr);
  }
  png_write_info(png, info);
  std::vector<png_bytep> rows;
  for (const auto& row : recipe.rows) rows.push_back(const_cast<png_bytep>(row.data()));
  png_write_image(png, rows.data());
  png_write_end(png, nullptr);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

std::string cmyk_jpeg(int width, int height, const std::vector<uint8_t>& inverted_cmyk, bool ycck) {
  jpeg_compress_struct encoder{};
  jpeg_error_mgr errors{};
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&encoder, &buffer, &size);
  encoder.image_width = static_cast<JDIMENSION>(width);
  encoder.image_height = static_cast<JDIMENSION>(height);
  encoder.input_components = 4;
  encoder.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&encoder);
  if (ycck) jpeg_set_colorspace(&encoder, JCS_YCCK);
  jpeg_set_quality(&encoder, 100, TRUE);
  jpeg_start_compress(&encoder, TRUE);
  std::vector<uint8_t> row;
  for (int x = 0; x < width; ++x) {
    row.insert(row.end(), inverted_cmyk.begin(), inverted_cmyk.end());
  }
  for (int y = 0; y < height; ++y) {
    JSAMPROW line = row.data();
    jpeg_write_scanlines(&encoder, &line, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  std::string bytes(reinterpret_cast<const char*>(buffer), size);
  std::free(buffer);
  return bytes;
}

}  // namespace solstice::testing
