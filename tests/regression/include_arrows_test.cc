#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

// The rooms and their arrows: CONTRIBUTING.md has the same table in words.

namespace solstice {
namespace {

namespace fs = std::filesystem;

struct Room {
  std::string folder;
  std::set<std::string> may_use;  ///< besides itself
  bool torch;
};

const std::vector<Room>& rooms() {
  static const std::vector<Room> table{
      {"src/core", {}, false},
      {"src/image", {"src/core"}, false},
      {"models/networks", {"src/core"}, true},
      {"models/objectives", {"src/core", "models/networks"}, true},
      {"models/trainers", {"src/core", "models", "models/networks", "models/objectives"}, true},
      {"models", {}, true},
      {"src/weights", {"src/core"}, true},
      {"src/data", {"src/core", "src/image", "models"}, true},
      {"src/metrics", {"src/core", "src/image"}, false},
      {"src/inference", {"src/core", "src/image", "models/networks", "src/weights"}, true},
      {"src/training",
       {"src/core", "src/image", "models", "models/networks", "models/objectives",
        "models/trainers", "src/weights", "src/data", "src/metrics", "src/inference"},
       true},
      {"pipelines", {"src/core", "src/image", "src/data", "src/metrics", "src/inference"}, false},
      {"src/cli", {"src/core", "src/inference", "src/training", "src/weights", "pipelines"}, false},
  };
  return table;
}

/// The room a path below the root belongs to, or null (src/main.cc).
const Room* room_of(const std::string& path) {
  const Room* found = nullptr;
  for (const Room& room : rooms()) {
    const bool inside = path.starts_with(room.folder + "/");
    if (inside && (found == nullptr || room.folder.size() > found->folder.size())) found = &room;
  }
  return found;
}

struct Include {
  std::string file;
  std::string text;
  bool quoted;
};

std::vector<Include> all_includes() {
  static const std::regex kInclude(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  const fs::path root = SOLSTICE_SOURCE_DIR;
  std::vector<Include> includes;
  for (const char* top : {"src", "models", "pipelines"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cc") continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        std::smatch match;
        if (!std::regex_search(line, match, kInclude)) continue;
        includes.push_back(
            {entry.path().lexically_relative(root).string(), match[2], match[1] == "\""});
      }
    }
  }
  return includes;
}

std::string path_of(const std::string& include) {
  const fs::path root = SOLSTICE_SOURCE_DIR;
  if (fs::exists(root / "src" / include)) return "src/" + include;
  if (fs::exists(root / include)) return include;
  return "";
}

TEST(IncludeArrows, PointOnlyAtRoomsThatTheTableAllows) {
  size_t arrows = 0;
  for (const Include& include : all_includes()) {
    if (!include.quoted) continue;
    const std::string target = path_of(include.text);
    ASSERT_FALSE(target.empty()) << include.file << " includes \"" << include.text
                                 << "\", which is not below the root or src/";
    const Room* from = room_of(include.file);
    const Room* to = room_of(target);
    if (from == nullptr || from == to) continue;
    ++arrows;
    ASSERT_NE(to, nullptr) << target << " belongs to no room";
    EXPECT_TRUE(from->may_use.contains(to->folder))
        << include.file << ": " << from->folder << " may not use " << to->folder;
  }
  EXPECT_GT(arrows, 50U);
}

TEST(IncludeArrows, NeverClimb) {
  for (const Include& include : all_includes()) {
    EXPECT_EQ(include.text.find(".."), std::string::npos) << include.file << ": " << include.text;
  }
}

TEST(IncludeArrows, KeepHeavyHeadersOutOfHeaders) {
  const std::set<std::string> heavy{"torch/torch.h",  "torch/data.h", "torch/nn.h",
                                    "torch/script.h", "ATen/ATen.h",  "opencv2/opencv.hpp"};
  for (const Include& include : all_includes()) {
    if (!include.file.ends_with(".h")) continue;
    EXPECT_FALSE(heavy.contains(include.text)) << include.file << ": " << include.text;
  }
}

TEST(IncludeArrows, KeepTorchInTheRoomsThatHaveIt) {
  for (const Include& include : all_includes()) {
    const bool torch = include.text.starts_with("torch/") || include.text.starts_with("ATen/") ||
                       include.text.starts_with("c10/");
    if (!torch || include.file.starts_with("src/image/tensor_bridge") ||
        include.file.starts_with("src/image/lab_tensors")) {
      continue;
    }
    const Room* room = room_of(include.file);
    EXPECT_TRUE(room != nullptr && room->torch) << include.file << ": " << include.text;
  }
}

TEST(IncludeArrows, KeepBoostInTheCommandLine) {
  for (const Include& include : all_includes()) {
    if (!include.text.starts_with("boost/")) continue;
    EXPECT_TRUE(include.file.starts_with("src/cli/")) << include.file;
  }
}

TEST(Tree, HasNoFileThatIsTooLongWithoutSayingWhy) {
  const fs::path root = SOLSTICE_SOURCE_DIR;
  for (const char* top : {"src", "models", "pipelines"}) {
    for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path());
      size_t lines = 0;
      for (std::string line; std::getline(file, line);) ++lines;
      EXPECT_LE(lines, 500U) << entry.path();
    }
  }
}

}  // namespace
}  // namespace solstice
