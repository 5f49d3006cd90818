#include "pipelines/gallery.h"

#include "flow_fixture.h"

namespace solstice {
namespace {

using testing::TemporaryDirectory;
using testing::test_image;
using testing::write_image;

size_t count_of(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

TEST(Gallery, ShowsAnyImageAsSmallEightBitRgb) {
  EXPECT_EQ(screen_image(test_image(100, 50), 40).size(), cv::Size(40, 20));
  EXPECT_EQ(screen_image(test_image(2, 3000), 40).size(), cv::Size(1, 40));
  EXPECT_EQ(screen_image(test_image(30, 20), 40).size(), cv::Size(30, 20));
  const cv::Mat grey(4, 4, CV_16UC1, cv::Scalar(65535));
  EXPECT_EQ(screen_image({grey, {}}, 40).at<cv::Vec3b>(0, 0), cv::Vec3b(255, 255, 255));
  const cv::Mat half(4, 4, CV_8UC4, cv::Scalar(0, 100, 255, 128));
  EXPECT_EQ(screen_image({half, {}}, 40).at<cv::Vec3b>(3, 3), cv::Vec3b(127, 177, 255));
}

TEST(Gallery, IsOnePageThatNeedsNothingElseAndOnePicture) {
  const TemporaryDirectory folder;
  std::vector<GalleryPair> pairs;
  for (int i = 0; i < 30; ++i) {
    const std::string name = std::to_string(i) + "<i>.png";
    write_image(folder / "in" / name, 600, 300, i);
    pairs.push_back({folder / "in" / name, folder / "in" / name});
  }
  write_gallery(folder / "gallery", "a & b", pairs);
  const std::string page = read_file(folder / "gallery/index.html");
  EXPECT_EQ(count_of(page, "<figure>"), kGalleryPairs);
  EXPECT_EQ(count_of(page, "src=\"data:image/jpeg;base64,"), 2 * kGalleryPairs);
  EXPECT_EQ(count_of(page, "src="), 2 * kGalleryPairs);
  EXPECT_EQ(count_of(page, "://"), 0u);
  EXPECT_EQ(count_of(page, "<i>"), 0u);
  EXPECT_EQ(count_of(page, "<h1>a &amp; b</h1>"), 1u);
  const Image sheet = load_image((folder / "gallery/before_after.png").string());
  EXPECT_EQ(sheet.width(), 2 * 512 + 8);
  EXPECT_EQ(sheet.height(), 4 * 256 + 3 * 8);
}

TEST(Gallery, LeavesOutWhatCannotBeRead) {
  const TemporaryDirectory folder;
  write_image(folder / "a.png");
  write_gallery(folder / "gallery", "t",
                {{folder / "missing.png", folder / "a.png"}, {folder / "a.png", folder / "a.png"}});
  EXPECT_EQ(count_of(read_file(folder / "gallery/index.html"), "<figure>"), 1u);
}

TEST(Gallery, OfNothingSaysSo) {
  const TemporaryDirectory folder;
  write_gallery(folder / "gallery", "t", {});
  EXPECT_EQ(count_of(read_file(folder / "gallery/index.html"), "No image was translated"), 1u);
  EXPECT_FALSE(fs::exists(folder / "gallery/before_after.png"));
}

}  // namespace
}  // namespace solstice
