#include "support/awkward_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <opencv2/core.hpp>

#include "core/message.h"
#include "image/codec.h"
#include "image/made_images.h"
#include "support/photos.h"

namespace solstice::testing {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;

constexpr int kWidth = 37, kHeight = 23;

/// How a picture is meant to be seen, by the EXIF standard's table.
cv::Mat turned(const cv::Mat& stored, int orientation) {
  constexpr int kNoFlip = 9;
  constexpr int kFlips[] = {kNoFlip, 1, -1, 0, kNoFlip, 1, -1, 0};
  cv::Mat seen = stored.clone();
  if (orientation > 4) cv::transpose(stored, seen);
  const int flip = kFlips[orientation - 1];
  if (flip != kNoFlip) cv::flip(seen, seen, flip);
  return seen;
}

/// A lossy file is compared as it was decoded, so that only the second coding counts.
double tolerance_of(ImageFormat format) {
  return format == ImageFormat::kJpeg ? 24 : format == ImageFormat::kWebp ? 40 : 0;
}

class AwkwardFolder {
 public:
  explicit AwkwardFolder(const fs::path& folder) : folder_(folder) {}

  void good(const std::string& name, const std::string& bytes) {
    write(name, bytes);
    files_[name] = {decode_image(bytes).pixels, tolerance_of(read_header(bytes).format), ""};
  }
  /// The pixels are known without our decoder, where the format loses none.
  void good(const std::string& name, const std::string& bytes, const cv::Mat& pixels) {
    good(name, bytes);
    if (files_[name].tolerance == 0) files_[name].pixels = pixels;
  }
  void good(const std::string& name) {
    good(name, encoded(CV_8UC3, format_of(name)), made_pixels(kWidth, kHeight, CV_8UC3));
  }
  void bad(const std::string& name, const std::string& bytes, const std::string& reason) {
    write(name, bytes);
    files_[name] = {{}, 0, reason};
  }
  void passed_over(const std::string& name, const std::string& bytes) { write(name, bytes); }

  void add_formats();
  void add_png_kinds();
  void add_grey_png_kinds();
  void add_metadata();
  void add_damage();
  void add_hostile_headers();
  void add_names();
  void add_links();
  void add_what_is_no_file();

  static std::string encoded(int type, ImageFormat format, int width = kWidth,
                             int height = kHeight) {
    return encode_image(made_image(width, height, type), {format, 95});
  }
  static ImageFormat format_of(const std::string& name) {
    return format_of_extension(fs::path(name).extension().string()).value();
  }

  std::map<std::string, Awkward> files_;

 private:
  void write(const std::string& name, const std::string& bytes) const {
    fs::create_directories((folder_ / name).parent_path());
    write_text(folder_ / name, bytes);
  }

  fs::path folder_;
};

void AwkwardFolder::add_formats() {
  const std::vector<std::pair<const char*, int>> kinds{{"grey8", CV_8UC1},  {"rgb8", CV_8UC3},
                                                       {"rgba8", CV_8UC4},  {"grey16", CV_16UC1},
                                                       {"rgb16", CV_16UC3}, {"rgba16", CV_16UC4}};
  for (const ImageFormatRow& row : image_formats()) {
    for (const auto& [kind, type] : kinds) {
      const bool deep = CV_MAT_DEPTH(type) == CV_16U;
      const bool alpha = CV_MAT_CN(type) == 4;
      const bool rich = row.format == ImageFormat::kPng || row.format == ImageFormat::kTiff;
      if ((deep && !rich) || (alpha && !rich && row.format != ImageFormat::kWebp)) continue;
      good(message("formats/", kind, row.extensions.front()), encoded(type, row.format),
           made_pixels(kWidth, kHeight, type));
    }
  }
  good("formats/SHOUTED.PNG", encoded(CV_8UC3, ImageFormat::kPng));
  good("formats/cmyk.jpg", cmyk_jpeg(kWidth, kHeight, {200, 40, 90, 250}, false));
  good("formats/ycck.jpeg", cmyk_jpeg(kWidth, kHeight, {30, 140, 190, 220}, true));
  good("formats/one_pixel.png", encoded(CV_8UC3, ImageFormat::kPng, 1, 1));
  good("formats/one_row.png", encoded(CV_16UC3, ImageFormat::kPng, 301, 1));
  good("formats/one_column.bmp", encoded(CV_8UC3, ImageFormat::kBmp, 1, 301));
  // The name says BMP, the bytes say PNG: the result is what the name says.
  good("formats/lies.bmp", encoded(CV_8UC3, ImageFormat::kPng));
}

void AwkwardFolder::add_png_kinds() {
  const std::vector<uint8_t> palette{200, 10, 30, 5, 250, 90, 17, 34, 51, 255, 255, 255};
  const std::vector<std::vector<uint8_t>> rows{
      {0, 1, 2, 3}, {1, 1, 1, 0}, {3, 2, 1, 0}, {0, 3, 2, 1}};
  cv::Mat seen(4, 4, CV_8UC3);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 4; ++x) {
      const size_t entry = size_t{3} * rows[static_cast<size_t>(y)][static_cast<size_t>(x)];
      seen.at<cv::Vec3b>(y, x) = {palette[entry], palette[entry + 1], palette[entry + 2]};
    }
  }
  PngRecipe recipe;
  recipe.colour_type = 3;
  recipe.palette = palette;
  recipe.rows = rows;
  good("png/palette.png", png_of(recipe), seen);
  recipe.palette_alpha = {255, 128, 0};
  good("png/palette_alpha.png", png_of(recipe));
  recipe.bit_depth = 1;
  recipe.palette_alpha.clear();
  recipe.palette.resize(6);
  recipe.rows = {{0x50}, {0xa0}, {0x30}, {0xf0}};
  good("png/palette1.png", png_of(recipe));
}

void AwkwardFolder::add_grey_png_kinds() {
  for (const int bits : {1, 2, 4}) {
    PngRecipe recipe;
    recipe.bit_depth = bits;
    recipe.rows.assign(4, {0x1b, 0xe4});
    good(message("png/grey", bits, ".png"), png_of(recipe));
  }
  for (const int bits : {8, 16}) {
    PngRecipe recipe;
    recipe.bit_depth = bits;
    recipe.colour_type = 4;
    recipe.rows.assign(4, std::vector<uint8_t>(static_cast<size_t>(bits), 0x5a));
    good(message("png/grey_alpha", bits, ".png"), png_of(recipe));
  }
  PngRecipe recipe;
  recipe.interlaced = true;
  recipe.rows = {{0, 1, 2, 3}, {50, 60, 70, 80}, {3, 2, 1, 0}, {250, 251, 252, 253}};
  good("png/interlaced.png", png_of(recipe));
}

void AwkwardFolder::add_metadata() {
  for (const ImageFormat format :
       {ImageFormat::kJpeg, ImageFormat::kPng, ImageFormat::kTiff, ImageFormat::kWebp}) {
    for (int orientation = 1; orientation <= 8; ++orientation) {
      good(message("turned/", orientation, extension_of(format)),
           with_orientation(encoded(CV_8UC3, format), format, orientation),
           turned(made_pixels(kWidth, kHeight, CV_8UC3), orientation));
    }
  }
  const std::string png = encoded(CV_8UC3, ImageFormat::kPng);
  const auto with_chunk = [&](const char* type, const std::string& data) {
    return png.substr(0, 33) + png_chunk(type, data) + png.substr(33);
  };
  good("metadata/text.png", with_chunk("tEXt", "Comment\0a walk in the park"s));
  good("metadata/gamma.png", with_chunk("gAMA", big_endian(45455, 4)));
  good("metadata/broken_exif.png", with_chunk("eXIf", "II*\0\xff\xff\xff\xff"s));
  const std::string jpeg = encoded(CV_8UC3, ImageFormat::kJpeg);
  const auto with_segment = [&](char marker, const std::string& data) {
    return jpeg.substr(0, 2) + "\xff" + marker +
           big_endian(static_cast<uint32_t>(data.size() + 2), 2) + data + jpeg.substr(2);
  };
  good("metadata/comment.jpg", with_segment('\xfe', "a comment"));
  good("metadata/broken_exif.jpg", with_segment('\xe1', "Exif\0\0MM\0*\x7f\xff\xff\xff"s));
  good("metadata/xmp.jpg", with_segment('\xe1', "http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"s));
}

void AwkwardFolder::add_damage() {
  for (const ImageFormatRow& row : image_formats()) {
    const std::string extension(row.extensions.front());
    const std::string whole = encoded(CV_8UC3, row.format, 90, 70);
    bad("damage/half" + extension, whole.substr(0, whole.size() / 2), "is ");
    bad("damage/head" + extension, whole.substr(0, 20), "is ");
    bad("damage/empty" + extension, "", "is empty");
    bad("damage/text" + extension, "this is a note, not an image\n", "is text");
    bad("damage/zeros" + extension, std::string(4096, '\0'), "is ");
  }
  std::string flipped = encoded(CV_8UC3, ImageFormat::kPng);
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x10);
  bad("damage/flipped.png", flipped, "is damaged");
  bad("damage/animation.gif.png", "GIF89a\x10\0\x10\0\0\0\0;"s, "GIF");
  bad("damage/animation.gif", "GIF89a\x10\0\x10\0\0\0\0;"s, "GIF");
  bad("damage/phone.HEIC",
      "\0\0\0\x18"
      "ftypheic"s,
      "HEIC");
  bad("damage/page.html.jpg", "<html><body>404</body></html>", "is text");
}

void AwkwardFolder::add_hostile_headers() {
  std::string png = encoded(CV_8UC3, ImageFormat::kPng);
  png.replace(
      8, 25,
      png_chunk("IHDR", big_endian(100'000, 4) + big_endian(100'000, 4) + "\x08\x02\0\0\0"s));
  bad("hostile/bomb.png", png, "100000x100000");
  std::string endless = encoded(CV_8UC3, ImageFormat::kPng);
  endless.replace(8, 25, png_chunk("IHDR", "\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0"s));
  bad("hostile/endless.png", endless, "2147483647x2147483647");
  std::string flat = encoded(CV_8UC3, ImageFormat::kBmp);
  flat.replace(18, 4, std::string(4, '\0'));
  bad("hostile/no_width.bmp", flat, "0");
  std::string tiff = encoded(CV_8UC3, ImageFormat::kTiff);
  tiff.replace(4, 4, "\xff\xff\xff\xff");
  bad("hostile/far_directory.tif", tiff, "is ");
}

void AwkwardFolder::add_names() {
  for (const char* name :
       {"names/with spaces and  more.png", "names/new\nline.png", "names/tab\there.jpg",
        "names/latin1_\xe9t\xe9.png", "names/cut_utf8_\xf0\x9f.webp", "names/\xe5\xa4\x9c.png",
        "names/quote'and\"both.png", "names/back\\slash.png", "names/-dash.png",
        "names/{brace}%41&.png", "names/two.dots..png", "names/case/Photo.png",
        "names/case/photo.png", "names/case/PHOTO.png", "names/\x1b[31mred.png",
        "names/$(touch x);.png", "names/trailing space .png", "names/folder.jpg/inside.png"}) {
    good(name);
  }
  good(message("names/", std::string(240, 'n'), ".png"));
  std::string deep = "deep";
  for (int level = 0; level < 20; ++level) deep = message(deep, "/", level);
  good(message(deep, "/bottom.png"));
  passed_over("names/.hidden.png", "not looked at");
  passed_over("names/notes.txt", "not looked at");
  passed_over(".trash/old.png", "not looked at");
}

void AwkwardFolder::add_links() {
  good("links/target.png");
  fs::create_symlink("target.png", folder_ / "links/good.png");
  files_["links/good.png"] = files_["links/target.png"];
  fs::create_hard_link(folder_ / "links/target.png", folder_ / "links/hard.png");
  files_["links/hard.png"] = files_["links/target.png"];
  fs::create_symlink("nowhere.png", folder_ / "links/broken.png");
  files_["links/broken.png"] = {{}, 0, "No such file"};
  fs::create_symlink("itself.png", folder_ / "links/itself.png");
  files_["links/itself.png"] = {{}, 0, "symbolic links"};
  fs::create_directory_symlink("..", folder_ / "links/up");
}

void AwkwardFolder::add_what_is_no_file() {
  mkfifo((folder_ / "links/pipe.png").c_str(), 0600);
  fs::create_directories(folder_ / "links/empty_folder.png");
  if (geteuid() == 0) return;  // root reads everything
  bad("links/unreadable.png", encoded(CV_8UC3, ImageFormat::kPng), "Permission denied");
  fs::permissions(folder_ / "links/unreadable.png", fs::perms::none);
}

}  // namespace

std::map<std::string, Awkward> make_awkward_folder(const fs::path& folder) {
  AwkwardFolder awkward(folder);
  awkward.add_formats();
  awkward.add_png_kinds();
  awkward.add_grey_png_kinds();
  awkward.add_metadata();
  awkward.add_damage();
  awkward.add_hostile_headers();
  awkward.add_names();
  awkward.add_links();
  awkward.add_what_is_no_file();
  return std::move(awkward.files_);
}

}  // namespace solstice::testing
