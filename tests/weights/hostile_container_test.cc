#include <gtest/gtest.h>

#include "core/error.h"
#include "core/files.h"
#include "support/temporary_directory.h"
#include "weights/weight_files.h"
#include "weights/weights.h"

namespace solstice {
namespace {

using testing::complaint;
using testing::kTwoFloats;
using testing::pickle_of;
using testing::RawMember;
using testing::safetensors_of;
using testing::zip_of;
using testing::zip_pth;

RawMember pickle_member() { return {.name = "top/data.pkl", .payload = pickle_of({{}})}; }
RawMember data_member() { return {.name = "top/data/0", .payload = kTwoFloats}; }

TEST(HostileZip, AnHonestOneIsRead) {
  EXPECT_EQ(complaint(zip_of({pickle_member(), data_member()})), "");
  RawMember data = data_member();
  data.deflate = true;
  EXPECT_EQ(complaint(zip_of({pickle_member(), data})), "");
}

TEST(HostileZip, HasHeadersThatAgree) {
  RawMember data = data_member();
  data.local_name = "top/data/1";
  EXPECT_COMPLAINT(zip_of({pickle_member(), data}), "disagree about \"top/data/0\"");
  data = data_member();
  data.claimed_local = 4;
  EXPECT_COMPLAINT(zip_of({pickle_member(), data}), "disagree about \"top/data/0\"");
}

TEST(HostileZip, HasNoNameTwice) {
  EXPECT_COMPLAINT(zip_of({pickle_member(), data_member(), data_member()}),
                   "two zip members named \"top/data/0\"");
}

TEST(HostileZip, HasMembersOfTheirOwnSize) {
  RawMember data = data_member();
  data.claimed_size = 9;
  EXPECT_COMPLAINT(zip_of({pickle_member(), data}), "does not fit the file");
  data = data_member();
  data.deflate = true;
  data.payload = std::string(7, '\1');  // inflates to less than it claims
  data.claimed_size = 8;
  EXPECT_COMPLAINT(zip_of({pickle_member(), data}), "does not inflate to its 8 bytes");
  data.payload = std::string(9, '\1');  // and to more
  EXPECT_COMPLAINT(zip_of({pickle_member(), data}), "does not inflate to its 8 bytes");
}

TEST(HostileZip, IsFoundOutByItsChecksum) {
  RawMember data = data_member();
  data.crc_error = 1;
  EXPECT_COMPLAINT(zip_of({pickle_member(), data}), "checksum of \"top/data/0\"");
}

TEST(HostileZip, MayNotBeABomb) {
  constexpr int64_t kElements = int64_t{1} << 26;
  RawMember pickle = pickle_member();
  pickle.payload = pickle_of({{.sizes = {kElements}, .storage_elements = kElements}});
  RawMember data = data_member();
  data.payload.assign(static_cast<size_t>(kElements) * 4, '\0');
  data.deflate = true;
  const std::string bomb = zip_of({pickle, data});
  data.payload = {};
  ASSERT_LT(bomb.size(), 1u << 20);
  EXPECT_COMPLAINT(bomb, "far more bytes than a file of");
}

TEST(HostileZip, MustBeOneThatTorchSaveWrote) {
  EXPECT_COMPLAINT(zip_of({data_member()}), "without data.pkl");
  RawMember other = pickle_member();
  other.name = "other/data.pkl";
  EXPECT_COMPLAINT(zip_of({pickle_member(), other}), "more than one data.pkl");
  EXPECT_COMPLAINT(zip_of({pickle_member(), {.name = "top/constants.pkl"}}), "TorchScript program");
  EXPECT_COMPLAINT(
      zip_of({pickle_member(), data_member(), {.name = "top/byteorder", .payload = "big"}}),
      "byte order \"big\"");
}

TEST(HostileZip, IsNeverReadWhenCutOff) {
  const std::string whole = zip_of({pickle_member(), data_member()});
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(complaint(whole.substr(0, length)), "") << length;
  }
}

TEST(HostileZip, SurvivesEveryChangedByte) {
  const std::string whole = zip_of({pickle_member(), data_member()});
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const char value : {'\0', '\x7f', '\xff'}) {
      std::string changed = whole;
      changed[at] = value;
      complaint(changed);
    }
  }
}

std::string entry(const std::string& name, const std::string& dtype, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" +
         offsets + "}";
}

TEST(HostileSafetensors, AnHonestOneIsRead) {
  EXPECT_EQ(complaint(safetensors_of("{" + entry("a", "F32", "[2]", "[0,8]") + "}  ", 8)), "");
  EXPECT_EQ(complaint(safetensors_of("{}", 0)), "");
}

TEST(HostileSafetensors, SaysHowMuchIsMissing) {
  std::string file = safetensors_of("{" + entry("a", "F32", "[2]", "[0,8]") + "}", 8);
  EXPECT_COMPLAINT(file.substr(0, file.size() - 3),
                   "is cut off: its tensors need 8 bytes after the header, there are 5");
  EXPECT_COMPLAINT(file.substr(0, 20), "is cut off: header promises 54 bytes, the file has 20");
  EXPECT_COMPLAINT(file + "x", "1 bytes that belong to no tensor");
}

TEST(HostileSafetensors, HasAHeaderOfSaneSize) {
  std::string file = safetensors_of("{}", 0);
  file[5] = '\1';
  EXPECT_COMPLAINT(file, "expected at most 100000000");
}

TEST(HostileSafetensors, HasNeitherHolesNorOverlaps) {
  const auto two = [](const std::string& first, const std::string& second) {
    return safetensors_of(
        "{" + entry("a", "U8", "[4]", first) + "," + entry("b", "U8", "[4]", second) + "}", 8);
  };
  EXPECT_EQ(complaint(two("[4,8]", "[0,4]")), "");
  EXPECT_COMPLAINT(two("[0,4]", "[2,6]"), "expected it to begin at 4");
  EXPECT_COMPLAINT(two("[0,4]", "[5,9]"), "expected it to begin at 4");
  EXPECT_COMPLAINT(two("[0,4]", "[4,3]"), "expected it to begin at 4");
}

TEST(HostileSafetensors, HasBytesThatFitShapeAndType) {
  const auto one = [](const std::string& dtype, const std::string& shape) {
    return safetensors_of("{" + entry("a", dtype, shape, "[0,8]") + "}", 8);
  };
  EXPECT_COMPLAINT(one("F32", "[3]"), "has 8 bytes, its shape and type need 12");
  EXPECT_COMPLAINT(one("F8_E4M3", "[8]"), "element type \"F8_E4M3\"");
  EXPECT_COMPLAINT(one("F32", "[4611686018427387904,4]"), "overflows");
  EXPECT_COMPLAINT(one("F32", "[18446744073709551615]"), "overflows");
  EXPECT_COMPLAINT(one("F32", "[-1]"), "a negative number");
  EXPECT_COMPLAINT(one("F32", "[1.5]"), "a fraction");
}

TEST(HostileSafetensors, HasAHeaderOfTheFormatsOwnShape) {
  const auto header = [](const std::string& json) { return safetensors_of(json, 0); };
  const std::string a = entry("a", "U8", "[0]", "[0,0]");
  EXPECT_COMPLAINT(header("{" + a + "," + a + "}"), "two tensors named \"a\"");
  EXPECT_COMPLAINT(header(R"({"a":{"dtype":"U8","shape":[0]}})"), "lacks its dtype");
  EXPECT_COMPLAINT(header(R"({"a":{"dtype":"U8","dtype":"U8"}})"), "the same field twice");
  EXPECT_COMPLAINT(header(R"({"a":[]})"), "a list");
  EXPECT_COMPLAINT(header(R"({"a":{"shape":[[]]}})"), "a list");
  EXPECT_COMPLAINT(header(R"({"a":{"x":{}}})"), "an object");
  EXPECT_COMPLAINT(header(R"({"__metadata__":{"a":1}})"), "a number");
  EXPECT_COMPLAINT(header(R"({"__metadata__":{"a":"1","a":"2"}})"), "the same key twice");
  EXPECT_COMPLAINT(header(R"({"a":{"data_offsets":[0,0,0]}})"), "too many numbers");
  EXPECT_COMPLAINT(header("{\"a"), "no valid JSON");
  EXPECT_COMPLAINT(header("{}x"), "no valid JSON");
  EXPECT_COMPLAINT(header("{\"\xff\":1}"), "no valid JSON");
}

TEST(HostileSafetensors, MayNestDeeplyWithoutHarm) {
  std::string json;
  for (int i = 0; i < 1'000'000; ++i) json += "{\"a\":";
  EXPECT_COMPLAINT(safetensors_of(json, 0), "an object");
  EXPECT_COMPLAINT(safetensors_of("{\"a\":" + std::string(1'000'000, '['), 0), "a list");
}

TEST(ForeignFile, IsToldByName) {
  EXPECT_COMPLAINT("", "is empty");
  EXPECT_COMPLAINT("version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer");
  EXPECT_COMPLAINT("<!DOCTYPE html><html>", "a web page");
  EXPECT_COMPLAINT("\x89PNG\r\n\x1a\n----", "begins with the bytes 89504e470d0a1a0a");
}

TEST(LoadWeights, CallsAMissingFileAndADirectoryTroubleWithWeights) {
  const testing::TemporaryDirectory directory;
  for (const std::string& path : {directory.path().string(), (directory / "none.pth").string()}) {
    try {
      load_weights(path);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kWeights);
      EXPECT_NE(std::string(error.what()).find(path), std::string::npos);
    }
  }
}

TEST(LoadWeights, NeverReadsAFileThatIsCutOff) {
  const testing::TemporaryDirectory directory;
  for (const std::string name : {"w.pth", "w.safetensors"}) {
    save_weights(directory / name, {testing::tensors_of_all_kinds(), {}, {}, {}});
    const std::string whole = read_file(directory / name);
    ASSERT_EQ(complaint(whole), "");
    for (size_t length = 0; length < whole.size(); length += 97) {
      EXPECT_NE(complaint(whole.substr(0, length)), "") << name << " " << length;
    }
  }
}

}  // namespace
}  // namespace solstice
