#include "image/exif_block.h"

#include <algorithm>
#include <array>

#include "image/exif.h"

namespace solstice {
namespace {

constexpr uint32_t kWidth = 256;
constexpr uint32_t kHeight = 257;
constexpr uint32_t kOrientation = 274;
constexpr uint32_t kPhotoDirectory = 0x8769;
constexpr uint32_t kGpsDirectory = 0x8825;
constexpr uint32_t kInteroperabilityDirectory = 0xa005;
constexpr uint32_t kSubjectArea = 0x9214;
constexpr uint32_t kPixelWidth = 0xa002;
constexpr uint32_t kPixelHeight = 0xa003;
constexpr uint32_t kSubjectLocation = 0xa214;

constexpr uint32_t kShort = 3;
constexpr uint32_t kLong = 4;
constexpr uint32_t kLastType = 13;

/// More than any camera writes, and little enough to hold.
constexpr size_t kMostFields = 4096;
constexpr size_t kMostBytes = size_t{16} << 20;

/// Offsets of pixels, tiles and further directories, which will not be there.
constexpr std::array<uint32_t, 10> kPixelOffsets{273, 279, 288, 289, 324,
                                                 325, 330, 513, 514, 34377};

/// Fields of a TIFF's first directory that speak of the picture.
constexpr std::array<uint32_t, 22> kDescriptive{269,   270,   271,   272,   274,   282,  283, 285,
                                                296,   305,   306,   315,   316,   318,  319, 18246,
                                                33432, 40091, 40092, 40093, 40094, 40095};

template <class Tags>
bool is_among(const Tags& tags, uint32_t tag) {
  return std::find(tags.begin(), tags.end(), tag) != tags.end();
}

bool is_pointer(uint32_t tag) {
  return tag == kPhotoDirectory || tag == kGpsDirectory || tag == kInteroperabilityDirectory;
}

const ExifField* find(const ExifDirectory& directory, uint32_t tag) {
  const auto found = std::find_if(directory.begin(), directory.end(),
                                  [tag](const ExifField& field) { return field.tag == tag; });
  return found == directory.end() ? nullptr : &*found;
}

enum class Holder { kExif, kTiff };

class Reader {
 public:
  Reader(std::string_view bytes, Holder holder) : holder_(holder), tiff_(bytes) {
    block_.endian = tiff_.endian();
  }

  /// Throws Error where the first directory is cut off.
  ExifBlock read() {
    const TiffStructure::Directory first = tiff_.directory(tiff_.first_directory());
    for (const TiffStructure::Field& field : first.fields) {
      const bool wanted = holder_ == Holder::kTiff ? is_among(kDescriptive, field.tag)
                                                   : !is_among(kPixelOffsets, field.tag);
      if (wanted) take(field, block_.image);
    }
    if (const auto photo = below(first, kPhotoDirectory)) {
      take_all(*photo, block_.photo);
      if (const auto last = below(*photo, kInteroperabilityDirectory)) {
        take_all(*last, block_.interoperability);
      }
    }
    if (const auto gps = below(first, kGpsDirectory)) take_all(*gps, block_.gps);
    return std::move(block_);
  }

 private:
  std::optional<TiffStructure::Directory> below(const TiffStructure::Directory& directory,
                                                uint32_t pointer) const {
    const TiffStructure::Field* field = directory.find(pointer);
    if (field == nullptr) return std::nullopt;
    try {
      return tiff_.directory(tiff_.value(*field));
    } catch (const Error&) {
      return std::nullopt;
    }
  }

  void take_all(const TiffStructure::Directory& from, ExifDirectory& to) {
    for (const TiffStructure::Field& field : from.fields) take(field, to);
  }

  void take(const TiffStructure::Field& field, ExifDirectory& to) {
    if (is_pointer(field.tag) || field.type < 1 || field.type > kLastType || field.count == 0 ||
        find(to, field.tag) != nullptr) {
      return;
    }
    try {
      const std::string_view bytes = tiff_.bytes_of(field);
      fields_ += 1;
      bytes_ += bytes.size();
      // Values may overlap, so that few bytes can ask for many.
      if (fields_ > kMostFields || bytes_ > kMostBytes) return;
      ExifField& taken =
          to.emplace_back(ExifField{field.tag, field.type, field.count, std::string(bytes)});
      const bool is_note = &to == &block_.photo && field.tag == kMakerNote;
      if (is_note && holder_ == Holder::kExif && bytes.size() > 4) taken.kept_at = field.data;
    } catch (const Error&) {
      return;  // the field costs only itself
    }
  }

  Holder holder_;
  TiffStructure tiff_;
  ExifBlock block_;
  size_t fields_ = 0;
  size_t bytes_ = 0;
};

std::optional<ExifBlock> read_block(std::string_view bytes, Holder holder) {
  try {
    return Reader(bytes, holder).read();
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string number(uint32_t value, int bytes, Endian endian) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i));
  if (endian == Endian::kLittle) std::reverse(text.begin(), text.end());
  return text;
}

ExifField long_field(uint32_t tag, uint32_t value, Endian endian) {
  return {tag, kLong, 1, number(value, 4, endian)};
}

/// Directories and values behind what is there already.
class Writer {
 public:
  Writer(std::string start, Endian endian) : bytes_(std::move(start)), endian_(endian) {}

  /// Keeps a place free for the one field that is kept there.
  void reserve(size_t at, size_t count) { reserved_at_ = at, reserved_end_ = at + count; }

  size_t place_directory(const ExifDirectory& directory) {
    return place(2 + 12 * directory.size() + 4);
  }

  void write_directory(size_t at, ExifDirectory directory) {
    std::stable_sort(directory.begin(), directory.end(),
                     [](const ExifField& a, const ExifField& b) { return a.tag < b.tag; });
    put(at, number(static_cast<uint32_t>(directory.size()), 2, endian_));
    at += 2;
    for (const ExifField& field : directory) {
      put(at, number(field.tag, 2, endian_) + number(field.type, 2, endian_) +
                  number(field.count, 4, endian_));
      put(at + 8, field.bytes.size() <= 4 ? field.bytes : number(value_place(field), 4, endian_));
      at += 12;
    }
  }

  void put(size_t at, std::string_view text) { bytes_.replace(at, text.size(), text); }
  std::string take() { return std::move(bytes_); }

 private:
  size_t place(size_t count) {
    size_t at = bytes_.size() + bytes_.size() % 2;
    if (at < reserved_end_ && at + count > reserved_at_) at = reserved_end_ + reserved_end_ % 2;
    bytes_.resize(at + count);
    return at;
  }

  uint32_t value_place(const ExifField& field) {
    const bool kept = reserved_end_ != 0 && field.kept_at == reserved_at_;
    const size_t at = kept ? reserved_at_ : place(field.bytes.size());
    if (bytes_.size() < at + field.bytes.size()) bytes_.resize(at + field.bytes.size());
    put(at, field.bytes);
    return static_cast<uint32_t>(at);
  }

  std::string bytes_;
  Endian endian_;
  size_t reserved_at_ = 0;
  size_t reserved_end_ = 0;
};

void write_directories(Writer& writer, const ExifBlock& exif, ExifDirectory image) {
  ExifDirectory photo = exif.photo;
  const auto point = [&](ExifDirectory& from, uint32_t tag) -> std::string& {
    return from.emplace_back(long_field(tag, 0, exif.endian)).bytes;
  };
  std::vector<std::pair<size_t, const ExifDirectory*>> below;
  const auto place = [&](const ExifDirectory& directory, ExifDirectory& from, uint32_t tag) {
    const size_t at = writer.place_directory(directory);
    point(from, tag) = number(static_cast<uint32_t>(at), 4, exif.endian);
    below.emplace_back(at, &directory);
  };
  if (!exif.interoperability.empty()) {
    place(exif.interoperability, photo, kInteroperabilityDirectory);
  }
  if (!photo.empty()) place(photo, image, kPhotoDirectory);
  if (!exif.gps.empty()) place(exif.gps, image, kGpsDirectory);
  const size_t first = writer.place_directory(image);
  writer.put(4, number(static_cast<uint32_t>(first), 4, exif.endian));
  writer.write_directory(first, image);
  for (const auto& [at, directory] : below) writer.write_directory(at, *directory);
}

/// The number a field says, 0 where there is none.
uint32_t said(const ExifBlock& exif, const ExifDirectory& directory, uint32_t tag) {
  const ExifField* field = find(directory, tag);
  if (field == nullptr) return 0;
  const ByteView view(field->bytes, exif.endian);
  if (field->type == kShort) return view.u16(0);
  return field->type == kLong ? view.u32(0) : 0;
}

void set(ExifDirectory& directory, const ExifField& fresh) {
  for (ExifField& field : directory) {
    if (field.tag == fresh.tag) field = fresh;
  }
}

}  // namespace

std::optional<ExifBlock> read_exif(std::string_view block) {
  block = without_exif_mark(block);
  if (block.size() > kMostBytes) return std::nullopt;
  return read_block(block, Holder::kExif);
}

std::optional<ExifBlock> read_exif_of_tiff(std::string_view tiff) {
  return read_block(tiff, Holder::kTiff);
}

void fit_exif(ExifBlock& exif, int width, int height) {
  const uint32_t orientation = said(exif, exif.image, kOrientation);
  const uint32_t old_width = said(exif, exif.photo, kPixelWidth);
  const auto new_width = static_cast<uint32_t>(width);
  if (orientation > 1 || (old_width != 0 && old_width != new_width)) {
    std::erase_if(exif.photo, [](const ExifField& field) {
      return field.tag == kSubjectArea || field.tag == kSubjectLocation;
    });
  }
  set(exif.image, {kOrientation, kShort, 1, number(1, 2, exif.endian)});
  for (const auto& [directory, width_tag, height_tag] :
       {std::tuple(&exif.image, kWidth, kHeight),
        std::tuple(&exif.photo, kPixelWidth, kPixelHeight)}) {
    set(*directory, long_field(width_tag, new_width, exif.endian));
    set(*directory, long_field(height_tag, static_cast<uint32_t>(height), exif.endian));
  }
}

std::string write_exif(const ExifBlock& exif) {
  if (exif.empty()) return "";
  const std::string mark = exif.endian == Endian::kBig ? "MM" : "II";
  Writer writer(mark + number(42, 2, exif.endian) + number(0, 4, exif.endian), exif.endian);
  const ExifField* note = find(exif.photo, kMakerNote);
  if (note != nullptr && note->kept_at >= 8) writer.reserve(note->kept_at, note->bytes.size());
  write_directories(writer, exif, exif.image);
  return writer.take();
}

std::string tiff_with_exif(const std::string& tiff, const ExifBlock& exif) {
  const TiffStructure structure(tiff);
  ExifDirectory image;
  for (const TiffStructure::Field& field :
       structure.directory(structure.first_directory()).fields) {
    image.push_back({field.tag, field.type, field.count, std::string(structure.bytes_of(field))});
  }
  for (const ExifField& field : exif.image) {
    if (is_among(kDescriptive, field.tag) && find(image, field.tag) == nullptr) {
      image.push_back(field);
    }
  }
  Writer writer(tiff, exif.endian);
  write_directories(writer, exif, image);
  return writer.take();
}

}  // namespace solstice
