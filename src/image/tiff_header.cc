#include "image/tiff_header.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/message.h"
#include "image/formats.h"

namespace solstice {
namespace {

// Tags and values of TIFF 6.0.
constexpr uint32_t kSubfileType = 254;
constexpr uint32_t kWidth = 256;
constexpr uint32_t kHeight = 257;
constexpr uint32_t kBitsPerSample = 258;
constexpr uint32_t kPhotometric = 262;
constexpr uint32_t kStripOffsets = 273;
constexpr uint32_t kOrientation = 274;
constexpr uint32_t kSamplesPerPixel = 277;
constexpr uint32_t kStripByteCounts = 279;
constexpr uint32_t kPlanarConfiguration = 284;
constexpr uint32_t kTileOffsets = 324;
constexpr uint32_t kTileByteCounts = 325;
constexpr uint32_t kExtraSamples = 338;
constexpr uint32_t kSampleFormat = 339;

constexpr uint32_t kReducedOrMask = 1 | 4;  // bits of kSubfileType
constexpr uint32_t kUnsigned = 1;
constexpr uint32_t kSeparatePlanes = 2;
constexpr uint32_t kAssociatedAlpha = 1;
enum Photometric : uint32_t {
  kZeroIsWhite,
  kZeroIsBlack,
  kRgb,
  kPalette,
  kMask,
  kCmyk = 5,
  kYcbcr = 6
};

using Directory = TiffStructure::Directory;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorKind::kInput, message("is a TIFF ", what));
}

/// Thumbnails and masks beside the picture are no pages of their own.
void refuse_more_pages(const TiffStructure& tiff, uint32_t offset) {
  constexpr int kMostDirectories = 64;
  for (int i = 0; offset != 0 && i < kMostDirectories; ++i) {
    const Directory directory = tiff.directory(offset);
    if ((tiff.value_of(directory, kSubfileType, 0) & kReducedOrMask) == 0) {
      refuse("with several pages, which is not supported");
    }
    offset = directory.next;
  }
}

uint32_t bits_of_all_samples(const TiffStructure& tiff, const Directory& directory,
                             uint32_t samples) {
  const TiffStructure::Field* field = directory.find(kBitsPerSample);
  if (field == nullptr) return 1;
  const uint32_t bits = tiff.value(*field);
  for (uint32_t i = 1; i < std::min(field->count, samples); ++i) {
    if (tiff.value(*field, i) != bits) refuse("whose channels differ in depth");
  }
  return bits;
}

bool has_all_of(const TiffStructure& tiff, const Directory& directory, uint32_t offsets_tag,
                uint32_t counts_tag, size_t file_size) {
  const TiffStructure::Field* offsets = directory.find(offsets_tag);
  const TiffStructure::Field* counts = directory.find(counts_tag);
  if (offsets == nullptr || counts == nullptr) return true;
  for (uint32_t i = 0; i < std::min(offsets->count, counts->count); ++i) {
    const uint64_t end = uint64_t{tiff.value(*offsets, i)} + tiff.value(*counts, i);
    if (end > file_size) return false;
  }
  return true;
}

void read_alpha(const TiffStructure& tiff, const Directory& directory, TiffLayout& layout) {
  const TiffStructure::Field* field = directory.find(kExtraSamples);
  layout.alpha = TiffAlpha::kStraight;
  if (field == nullptr || field->count == 0) return;
  if (tiff.value(*field) == kAssociatedAlpha) layout.alpha = TiffAlpha::kPremultiplied;
}

/// A kind of TIFF that can be read.
struct Kind {
  uint32_t photometric;
  uint32_t samples;
  std::array<uint32_t, 5> bits;  ///< zeros at the end count for nothing
  TiffColours colours;
  int channels;
};
constexpr std::array kKinds{
    Kind{kZeroIsWhite, 1, {1, 2, 4, 8, 16}, TiffColours::kGrey, 1},
    Kind{kZeroIsBlack, 1, {1, 2, 4, 8, 16}, TiffColours::kGrey, 1},
    Kind{kZeroIsWhite, 2, {8, 16}, TiffColours::kGrey, 4},
    Kind{kZeroIsBlack, 2, {8, 16}, TiffColours::kGrey, 4},
    Kind{kRgb, 3, {8, 16}, TiffColours::kRgb, 3},
    Kind{kRgb, 4, {8, 16}, TiffColours::kRgb, 4},
    Kind{kPalette, 1, {1, 2, 4, 8}, TiffColours::kPalette, 3},
    Kind{kCmyk, 4, {8, 16}, TiffColours::kCmyk, 3},
    Kind{kYcbcr, 3, {8}, TiffColours::kYcbcr, 3},
};

void read_channels(const TiffStructure& tiff, const Directory& directory, TiffLayout& layout) {
  const uint32_t samples = tiff.value_of(directory, kSamplesPerPixel, 1);
  const uint32_t bits = bits_of_all_samples(tiff, directory, samples);
  const uint32_t photometric = tiff.value_of(directory, kPhotometric, kZeroIsBlack);
  if (tiff.value_of(directory, kSampleFormat, kUnsigned) != kUnsigned) {
    refuse("of signed or floating-point numbers, which is not supported");
  }
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& row) {
    return bits != 0 && row.photometric == photometric && row.samples == samples &&
           std::find(row.bits.begin(), row.bits.end(), bits) != row.bits.end();
  });
  if (kind == kKinds.end()) {
    refuse(message("of photometric kind ", photometric, " with ", samples, " channels of ", bits,
                   " bits per channel, which is not supported"));
  }
  layout.header.bits = bits == 16 ? 16 : 8;
  layout.header.channels = kind->channels;
  layout.colours = kind->colours;
  layout.samples = static_cast<int>(samples);
  layout.bits = static_cast<int>(bits);
  layout.planar = tiff.value_of(directory, kPlanarConfiguration, 1) == kSeparatePlanes;
  layout.zero_is_white = photometric == kZeroIsWhite;
  if (layout.header.channels == 4) read_alpha(tiff, directory, layout);
}

}  // namespace

TiffLayout tiff_layout(std::string_view bytes) {
  const TiffStructure tiff(bytes);
  const Directory directory = tiff.directory(tiff.first_directory());
  TiffLayout layout;
  set_size(layout.header, tiff.value_of(directory, kWidth, 0),
           tiff.value_of(directory, kHeight, 0));
  refuse_more_pages(tiff, directory.next);
  read_channels(tiff, directory, layout);
  if (const TiffStructure::Field* field = directory.find(kOrientation)) {
    const uint32_t value = tiff.value(*field);
    if (value >= 1 && value <= 8) layout.header.orientation = static_cast<int>(value);
  }
  layout.whole = has_all_of(tiff, directory, kStripOffsets, kStripByteCounts, bytes.size()) &&
                 has_all_of(tiff, directory, kTileOffsets, kTileByteCounts, bytes.size());
  return layout;
}

ImageHeader tiff_header(std::string_view bytes) { return tiff_layout(bytes).header; }

}  // namespace solstice
