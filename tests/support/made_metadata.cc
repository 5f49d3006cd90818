#include "support/made_metadata.h"

#include <algorithm>
#include <cstdint>

namespace solstice::testing {
namespace {

std::string number(size_t value, int bytes, ByteOrder order) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  if (order == ByteOrder::kLittle) std::reverse(text.begin(), text.end());
  return text;
}

std::string segment(char marker, const std::string& data) {
  return std::string("\xff") + marker + number(data.size() + 2, 2, ByteOrder::kBig) + data;
}

}  // namespace

std::string made_exif(int orientation, ByteOrder order) {
  const auto entry = [order](size_t tag, size_t type, size_t count, std::string value) {
    value.resize(4);
    return number(tag, 2, order) + number(type, 2, order) + number(count, 4, order) + value;
  };
  const auto half = [order](size_t value) { return number(value, 2, order); };
  const auto word = [order](size_t value) { return number(value, 4, order); };
  constexpr size_t kAscii = 2, kShort = 3, kLong = 4, kUndefined = 7;
  constexpr size_t kPhoto = 62, kGps = 116, kSecond = 134, kMaker = 176, kTime = 182;
  constexpr size_t kThumbnailAt = kMakerNoteAt + kMakerNote.size();
  const std::string thumbnail = "\xff\xd8" + std::string(kThumbnail) + "\xff\xd9";
  std::string block = order == ByteOrder::kBig ? "MM" : "II";
  block += half(42) + word(8);
  block += half(4) + entry(271, kAscii, 5, word(kMaker)) +
           entry(274, kShort, 1, half(static_cast<size_t>(orientation))) +
           entry(0x8769, kLong, 1, word(kPhoto)) + entry(0x8825, kLong, 1, word(kGps)) +
           word(kSecond);
  block += half(4) + entry(0x9003, kAscii, 20, word(kTime)) +
           entry(0x927c, kUndefined, kMakerNote.size(), word(kMakerNoteAt)) +
           entry(0xa002, kLong, 1, word(4000)) + entry(0xa003, kLong, 1, word(3000)) + word(0);
  block += half(1) + entry(1, kAscii, 2, "N") + word(0);
  block += half(3) + entry(259, kShort, 1, half(6)) + entry(513, kLong, 1, word(kThumbnailAt)) +
           entry(514, kLong, 1, word(thumbnail.size())) + word(0);
  block += std::string("Acme\0\0", 6) + std::string("2026:05:17 12:30:00\0", 20);
  return block + std::string(kMakerNote) + thumbnail;
}

std::string made_xmp(int orientation) {
  return "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta "
         "xmlns:x=\"adobe:ns:meta/\"><rdf:RDF "
         "xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description "
         "tiff:Orientation=\"" +
         std::to_string(orientation) +
         "\" dc:title=\"Hills\"/></rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>";
}

std::string made_icc(std::string_view space, size_t bytes) {
  std::string profile(128, '\0');
  profile.replace(0, 4, number(bytes, 4, ByteOrder::kBig));
  profile.replace(8, 4, std::string("\x02\x10\0\0", 4));
  profile.replace(12, 4, "mntr");
  profile.replace(16, 4, space);
  profile.replace(20, 4, "XYZ ");
  profile.replace(36, 4, "acsp");
  profile.replace(68, 12, std::string("\0\0\xf6\xd6\0\x01\0\0\0\0\xd3\x2d", 12));  // D50
  profile += std::string(4, '\0');                                                 // no tags
  for (size_t i = 0; profile.size() < bytes; ++i) profile += static_cast<char>(i * 7 % 251);
  return profile;
}

std::string jpeg_with(const std::string& jpeg, const std::string& exif, const std::string& xmp,
                      const std::string& icc, size_t icc_segment) {
  std::string result = jpeg.substr(0, 2);
  if (!exif.empty()) result += segment('\xe1', std::string("Exif\0\0", 6) + exif);
  if (!xmp.empty()) {
    result += segment('\xe1', std::string("http://ns.adobe.com/xap/1.0/\0", 29) + xmp);
  }
  const size_t count = (icc.size() + icc_segment - 1) / icc_segment;
  for (size_t i = 0; i < count; ++i) {
    result +=
        segment('\xe2', std::string("ICC_PROFILE\0", 12) + static_cast<char>(i + 1) +
                            static_cast<char>(count) + icc.substr(i * icc_segment, icc_segment));
  }
  return result + jpeg.substr(2);
}

}  // namespace solstice::testing
