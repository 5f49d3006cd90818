#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/error.h"
#include "image/codec.h"
#include "image/exif_block.h"
#include "image/metadata.h"

namespace {

constexpr int64_t kMostPixels = 4096;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Whatever the blocks are, what is written of them reads back and does not change any more.
void as_blocks(std::string_view bytes) {
  solstice::ImageMetadata metadata;
  take_exif(bytes, metadata);
  take_xmp(bytes, metadata);
  take_icc(bytes, metadata);
  const solstice::MetadataBlocks once = fitted_metadata(metadata, 7, 5, 3);
  metadata.exif = once.exif;
  metadata.xmp = once.xmp;
  require(fitted_metadata(metadata, 7, 5, 3).exif == once.exif);
  require(solstice::exif_of_at_most(100, once.exif).size() <= 100);
  if (const auto exif = solstice::read_exif_of_tiff(bytes)) {
    const std::string block = write_exif(*exif);
    require(block.empty() || solstice::read_exif(block).has_value());
  }
}

/// A picture that can be read can be written in every format with its metadata, which is then good.
void as_file(std::string_view bytes) {
  solstice::Image image;
  try {
    image = solstice::decode_image(bytes, {kMostPixels, solstice::Truncated::kAccept});
  } catch (const solstice::Error& error) {
    require(error.kind() == solstice::ErrorKind::kInput);
    return;
  }
  const auto& formats = solstice::image_formats();
  const auto format = formats[static_cast<unsigned char>(bytes.back()) % formats.size()].format;
  const solstice::Image again = solstice::decode_image(encode_image(image, {format}));
  require(again.metadata.warnings.empty());
  require(again.pixels.size() == image.pixels.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  as_blocks(bytes);
  as_file(bytes);
  return 0;
}
