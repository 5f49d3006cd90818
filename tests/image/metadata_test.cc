#include "image/metadata.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <opencv2/core.hpp>

#include "image/codec.h"
#include "image/exif.h"
#include "image/exif_block.h"
#include "image/made_images.h"
#include "support/made_metadata.h"

namespace solstice {
namespace {

using testing::ByteOrder;
using testing::jpeg_with;
using testing::made_exif;
using testing::made_icc;
using testing::made_image;
using testing::made_xmp;

constexpr std::array kHolders{ImageFormat::kJpeg, ImageFormat::kPng, ImageFormat::kWebp,
                              ImageFormat::kTiff};

Image photo_with_metadata(int orientation, ByteOrder order = ByteOrder::kLittle) {
  Image image = made_image(40, 30, CV_8UC3);
  image.metadata.exif = made_exif(orientation, order);
  image.metadata.xmp = made_xmp(orientation);
  image.metadata.icc = made_icc("RGB ");
  return image;
}

std::string field(const ExifDirectory& directory, uint32_t tag) {
  for (const ExifField& one : directory) {
    if (one.tag == tag) return one.bytes;
  }
  return "none";
}

/// That a block says of the camera what made_exif said, and of a picture of 40x30 what is so.
void expect_true_of_40x30(const std::string& block, ByteOrder order) {
  const std::optional<ExifBlock> exif = read_exif(block);
  ASSERT_TRUE(exif.has_value());
  const auto number = order == ByteOrder::kBig ? testing::big_endian : testing::little_endian;
  EXPECT_EQ(field(exif->image, 271), std::string("Acme\0", 5));
  EXPECT_EQ(field(exif->image, 274), number(1, 2));
  EXPECT_EQ(field(exif->photo, 0x9003), std::string("2026:05:17 12:30:00\0", 20));
  EXPECT_EQ(field(exif->photo, 0x927c), testing::kMakerNote);
  EXPECT_EQ(field(exif->photo, 0xa002), number(40, 4));
  EXPECT_EQ(field(exif->photo, 0xa003), number(30, 4));
  EXPECT_EQ(field(exif->gps, 1), std::string("N\0", 2));
  EXPECT_EQ(block.find(testing::kThumbnail), std::string::npos);
  const TiffStructure structure(block);
  EXPECT_EQ(structure.directory(structure.first_directory()).next, 0U);
}

TEST(Metadata, TravelsFromEveryFormatToEveryOther) {
  for (const ByteOrder order : {ByteOrder::kLittle, ByteOrder::kBig}) {
    for (const ImageFormat from : kHolders) {
      const Image first = decode_image(encode_image(photo_with_metadata(6, order), {from}));
      for (const ImageFormat to : kHolders) {
        const std::string bytes = encode_image(first, {to});
        EXPECT_EQ(read_header(bytes).orientation, 1);
        const ImageMetadata metadata = decode_image(bytes).metadata;
        EXPECT_EQ(metadata.icc, made_icc("RGB "));
        EXPECT_EQ(metadata.xmp, made_xmp(1));
        expect_true_of_40x30(metadata.exif, order);
        EXPECT_TRUE(metadata.warnings.empty());
      }
    }
  }
}

TEST(Metadata, StandsWhereEachFormatHasIt) {
  const Image image = photo_with_metadata(1);
  const std::string icc = made_icc("RGB ");
  const std::string jpeg = encode_image(image, {ImageFormat::kJpeg});
  EXPECT_NE(jpeg.find(std::string("Exif\0\0II", 8)), std::string::npos);
  EXPECT_NE(jpeg.find(std::string("ICC_PROFILE\0\1\1", 14) + icc), std::string::npos);
  EXPECT_NE(jpeg.find(std::string("http://ns.adobe.com/xap/1.0/\0", 29) + made_xmp(1)),
            std::string::npos);
  const std::string png = encode_image(image, {ImageFormat::kPng});
  EXPECT_LT(png.find("iCCP"), png.find("IDAT"));
  EXPECT_NE(png.find("eXIfII"), std::string::npos);
  EXPECT_NE(png.find(std::string("iTXtXML:com.adobe.xmp\0\0\0\0\0", 26) + made_xmp(1)),
            std::string::npos);
  const std::string webp = encode_image(image, {ImageFormat::kWebp});
  EXPECT_EQ(webp.substr(12, 4), "VP8X");
  EXPECT_EQ(webp[20], 0x20 | 0x08 | 0x04);
  EXPECT_EQ(webp.substr(30, 4), "ICCP");
  const std::string tiff = encode_image(image, {ImageFormat::kTiff});
  const TiffStructure structure(tiff);
  const TiffStructure::Directory first = structure.directory(structure.first_directory());
  ASSERT_NE(first.find(34675), nullptr);
  EXPECT_EQ(structure.bytes_of(*first.find(34675)), icc);
  ASSERT_NE(first.find(700), nullptr);
  EXPECT_EQ(structure.bytes_of(*first.find(700)), made_xmp(1));
  EXPECT_EQ(structure.bytes_of(*first.find(271)), std::string_view("Acme\0", 5));
  EXPECT_EQ(first.find(513), nullptr);
}

TEST(Metadata, IsNotWrittenWhenNotWanted) {
  for (const ImageFormat format : kHolders) {
    const EncodeOptions without{format, 0, ChromaSampling::kAuto, KeepMetadata::kNo};
    Image bare = made_image(40, 30, CV_8UC3);
    EXPECT_EQ(encode_image(photo_with_metadata(6), without), encode_image(bare, {format}));
  }
}

TEST(Metadata, KeepsTheMakersNoteInItsPlace) {
  const std::string bytes = encode_image(photo_with_metadata(6), {ImageFormat::kJpeg});
  const std::string block = decode_image(bytes).metadata.exif;
  EXPECT_EQ(block.substr(testing::kMakerNoteAt, testing::kMakerNote.size()), testing::kMakerNote);
}

TEST(Metadata, HoldsProfilesOfManySegments) {
  const std::string icc = made_icc("RGB ", 200004);
  const std::string plain = encode_image(made_image(8, 8, CV_8UC3), {ImageFormat::kJpeg});
  const Image image = decode_image(jpeg_with(plain, "", "", icc, 30000));
  EXPECT_EQ(image.metadata.icc, icc);
  for (const ImageFormat format : kHolders) {
    EXPECT_EQ(decode_image(encode_image(image, {format})).metadata.icc, icc);
  }
}

TEST(Metadata, HoldsProfilesThatAreAllButEmpty) {
  Image image = made_image(9, 7, CV_8UC3);
  image.metadata.icc = made_icc("RGB ");
  // Compressed it would be less than libpng takes for a profile.
  std::fill(image.metadata.icc.begin() + 128, image.metadata.icc.end(), '\0');
  for (const ImageFormat format : kHolders) {
    const Image again = decode_image(encode_image(image, {format}));
    EXPECT_EQ(again.metadata.icc, image.metadata.icc);
    EXPECT_TRUE(again.metadata.warnings.empty());
  }
}

TEST(Metadata, WritesNoProfileOfOtherChannels) {
  const auto profile_kept = [](int type, std::string_view space, ImageFormat format) {
    Image image = made_image(9, 9, type);
    image.metadata.icc = made_icc(space);
    const std::string bytes = encode_image(image, {format});
    EXPECT_EQ(losses_of_encoding(image, {format}).empty(),
              !decode_image(bytes).metadata.icc.empty());
    return !decode_image(bytes).metadata.icc.empty();
  };
  for (const ImageFormat format : kHolders) {
    EXPECT_TRUE(profile_kept(CV_8UC3, "RGB ", format));
    EXPECT_FALSE(profile_kept(CV_8UC3, "CMYK", format));
    EXPECT_FALSE(profile_kept(CV_8UC3, "GRAY", format));
    EXPECT_FALSE(profile_kept(CV_8UC1, "RGB ", format));
  }
  for (const ImageFormat format : {ImageFormat::kJpeg, ImageFormat::kPng, ImageFormat::kTiff}) {
    EXPECT_TRUE(profile_kept(CV_8UC1, "GRAY", format));
  }
}

TEST(Metadata, DamagedCostsOnlyItself) {
  const std::string plain = encode_image(made_image(8, 8, CV_8UC3), {ImageFormat::kJpeg});
  const std::string exif = made_exif(6);
  for (size_t length = 0; length < exif.size(); ++length) {
    const Image image = decode_image(jpeg_with(plain, exif.substr(0, length) + " ", "", ""));
    EXPECT_NO_THROW(encode_image(image, {ImageFormat::kTiff}));
    // The first directory ends at byte 58; what is said below it may be missing.
    EXPECT_EQ(image.metadata.warnings.empty(), length + 1 >= 58) << length;
  }
  const std::string icc = made_icc("RGB ");
  for (const std::string& bad : {icc.substr(0, 100), icc + "x", std::string(200, 'x')}) {
    const ImageMetadata metadata = decode_image(jpeg_with(plain, "", "", bad)).metadata;
    EXPECT_EQ(metadata.icc, "");
    EXPECT_EQ(metadata.warnings,
              (std::vector<std::string>{"its colour profile is damaged and is left out"}));
  }
  std::string one_of_two = jpeg_with(plain, "", "", icc);
  one_of_two[one_of_two.find("ICC_PROFILE") + 13] = 2;
  EXPECT_EQ(decode_image(one_of_two).metadata.warnings.size(), 1U);
  const ImageMetadata no_packet = decode_image(jpeg_with(plain, "", "no packet", "")).metadata;
  EXPECT_EQ(no_packet.warnings, (std::vector<std::string>{"its XMP is damaged and is left out"}));
}

TEST(Metadata, DamagedInAPngCostsOnlyItself) {
  const std::string plain = encode_image(made_image(8, 8, CV_8UC3), {});
  const auto with = [&](std::string_view chunk, const std::string& data) {
    return decode_image(plain.substr(0, 33) + testing::png_chunk(chunk, data) + plain.substr(33));
  };
  const std::string bomb = std::string("x\0\0", 3) + std::string(100, 'z');
  EXPECT_EQ(with("iCCP", bomb).metadata.warnings,
            (std::vector<std::string>{"its colour profile is damaged and is left out"}));
  EXPECT_EQ(with("eXIf", "junk").metadata.warnings,
            (std::vector<std::string>{"its EXIF is damaged and is left out"}));
  EXPECT_EQ(with("iTXt", "XML:com.adobe.xmp").metadata.warnings,
            (std::vector<std::string>{"its XMP is damaged and is left out"}));
}

TEST(Metadata, ThatPointsToItselfEnds) {
  std::string exif = made_exif(1);
  exif.replace(8 + 2 + 2 * 12 + 8, 4, testing::little_endian(8, 4));  // EXIF directory: the first
  ASSERT_TRUE(read_exif(exif).has_value());
  EXPECT_LT(write_exif(*read_exif(exif)).size(), 1000U);
}

TEST(Metadata, KeepsNoPlaceForAMakersNoteOutsideItsBlock) {
  std::string exif = made_exif(1);
  const size_t time = 62 + 2;  // made a maker's note far away, before the true one
  exif.replace(time, 2, testing::little_endian(0x927c, 2));
  exif.replace(time + 8, 4, testing::little_endian(100'000'000, 4));
  EXPECT_LT(write_exif(*read_exif(exif)).size(), 1000U);
}

TEST(Metadata, KeepsThePlaceOfAMakersNoteForNoOtherField) {
  std::string exif = made_exif(1);
  const size_t gps = 116 + 2;  // its only field made one of the same number with the time's text
  exif.replace(gps, 12, exif.substr(62 + 2, 12));
  exif.replace(gps, 2, testing::little_endian(0x927c, 2));
  const std::string once = write_exif(*read_exif(exif));
  EXPECT_EQ(field(read_exif(once)->photo, 0x927c), testing::kMakerNote);
  EXPECT_EQ(field(read_exif(once)->gps, 0x927c), std::string("2026:05:17 12:30:00\0", 20));
  EXPECT_EQ(write_exif(*read_exif(once)), once);
}

TEST(Metadata, CorrectsXmpInBothNotations) {
  ImageMetadata metadata;
  metadata.xmp =
      "<x tiff:Orientation='8' exif:PixelXDimension=\"4000\"><tiff:ImageLength> 3000 "
      "</tiff:ImageLength><xmp:Thumbnails>SMALL</xmp:Thumbnails><y/>";
  EXPECT_EQ(fitted_metadata(metadata, 7, 5, 3).xmp,
            "<x tiff:Orientation='1' exif:PixelXDimension=\"7\"><tiff:ImageLength> 5 "
            "</tiff:ImageLength><y/>");
}

TEST(Metadata, LeavesOutWhatASegmentOfJpegCannotHold) {
  Image image = photo_with_metadata(1);
  ExifBlock exif = read_exif(image.metadata.exif).value();
  for (ExifField& one : exif.photo) {
    if (one.tag == 0x927c) one.bytes.resize(one.count = 70000);
  }
  image.metadata.exif = write_exif(exif);
  image.metadata.xmp += std::string(70000, ' ');
  EXPECT_EQ(losses_of_encoding(image, {ImageFormat::kJpeg}).size(), 2U);
  const Image back = decode_image(encode_image(image, {ImageFormat::kJpeg}));
  EXPECT_EQ(back.metadata.xmp, "");
  EXPECT_EQ(field(read_exif(back.metadata.exif)->photo, 0x927c), "none");
  EXPECT_EQ(field(read_exif(back.metadata.exif)->image, 271), std::string("Acme\0", 5));
  EXPECT_TRUE(losses_of_encoding(image, {ImageFormat::kPng}).empty());
  EXPECT_EQ(decode_image(encode_image(image, {ImageFormat::kPng})).metadata.xmp.size(),
            image.metadata.xmp.size());
}

TEST(Metadata, SaysWhatAFormatLoses) {
  Image image = made_image(9, 9, CV_16UC4);
  image.metadata.exif = made_exif(1);
  EXPECT_EQ(losses_of_encoding(image, {ImageFormat::kBmp}).size(), 3U);
  EXPECT_EQ(losses_of_encoding(image, {ImageFormat::kJpeg}).size(), 2U);
  EXPECT_EQ(losses_of_encoding(image, {ImageFormat::kWebp}),
            (std::vector<std::string>{"16 bits become 8"}));
  EXPECT_TRUE(losses_of_encoding(image, {ImageFormat::kTiff}).empty());
}

}  // namespace
}  // namespace solstice
