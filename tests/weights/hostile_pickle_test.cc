#include <gtest/gtest.h>
#include <sys/resource.h>

#include "weights/weight_files.h"
#include "weights/weights.h"

namespace solstice {
namespace {

using testing::complaint;
using testing::DescribedTensor;
using testing::kTwoFloats;
using testing::legacy_pth;
using testing::pickle_of;
using testing::zip_pth;

constexpr int64_t kHuge = int64_t{1} << 62;

std::string zip_of_tensor(const DescribedTensor& tensor) {
  return zip_pth(pickle_of({tensor}), {kTwoFloats});
}

TEST(HostileTensor, AnHonestOneIsRead) { EXPECT_EQ(complaint(zip_of_tensor({})), ""); }

TEST(HostileTensor, IsHeldToItsStorage) {
  EXPECT_COMPLAINT(zip_of_tensor({.sizes = {3}}), "reaches element 2 of a storage of 2");
  EXPECT_COMPLAINT(zip_of_tensor({.offset = 1}), "reaches element 2 of a storage of 2");
  EXPECT_COMPLAINT(zip_of_tensor({.strides = {2}}), "reaches element 2 of a storage of 2");
  EXPECT_COMPLAINT(zip_of_tensor({.sizes = {kHuge}}), "overflows");
  EXPECT_COMPLAINT(zip_of_tensor({.sizes = {3}, .strides = {kHuge}}), "reaches");
  EXPECT_COMPLAINT(zip_of_tensor({.sizes = {5}, .strides = {kHuge}}), "overflows");
  EXPECT_COMPLAINT(zip_of_tensor({.sizes = {0, kHuge, kHuge}, .strides = {1, 1, 1}}), "overflows");
}

TEST(HostileTensor, HasNoNegativeNumbers) {
  EXPECT_COMPLAINT(zip_of_tensor({.strides = {-1}}), "has the stride -1");
  EXPECT_COMPLAINT(zip_of_tensor({.sizes = {-2}}), "has the size -2");
  EXPECT_COMPLAINT(zip_of_tensor({.offset = -1}), "offset");
  EXPECT_COMPLAINT(zip_of_tensor({.storage_elements = -1}), "no storage");
}

TEST(HostileTensor, HasAsManyStridesAsSizesAndNotTooMany) {
  EXPECT_COMPLAINT(zip_of_tensor({.sizes = {1, 1}}), "2 sizes and 1 strides");
  const std::vector<int64_t> many(65, 1);
  EXPECT_COMPLAINT(zip_of_tensor({.sizes = many, .strides = many}), "65 dimensions");
}

TEST(HostileTensor, NeedsARecordOfItsStoragesSize) {
  EXPECT_COMPLAINT(zip_of_tensor({.storage_elements = 3000}),
                   "a record of 8 bytes, expected 12000");
  EXPECT_COMPLAINT(zip_of_tensor({.storage_elements = kHuge}), "promises a storage of");
  EXPECT_COMPLAINT(zip_of_tensor({.key = "../../data.pkl"}), "no record");
  EXPECT_COMPLAINT(zip_of_tensor({.storage_class = "ComplexFloatStorage"}), "ComplexFloatStorage");
}

TEST(HostileTensor, MayNotGrowWithoutBoundFromOneElement) {
  EXPECT_COMPLAINT(zip_of_tensor({.sizes = {int64_t{1} << 34}, .strides = {0}}), "far more bytes");
  EXPECT_EQ(complaint(zip_of_tensor({.sizes = {100}, .strides = {0}})), "");
}

TEST(HostileTensor, HasOnlyZeroOrOneInABool) {
  EXPECT_COMPLAINT(zip_pth(pickle_of({{.storage_class = "BoolStorage"}}), {std::string("\1\7")}),
                   "holds the byte 7 as a BOOL");
}

TEST(HostileTensor, MayNotShareItsName) {
  EXPECT_COMPLAINT(zip_pth(pickle_of({{}, {}}), {kTwoFloats}), "two tensors named \"weight\"");
}

TEST(Tensor, WithStridesIsMadeContiguous) {
  const std::string bytes("\1\2\3\4\5\6", 6);
  const WeightFile weights = read_weights(zip_pth(pickle_of({{.name = "transposed",
                                                              .sizes = {3, 2},
                                                              .strides = {1, 3},
                                                              .storage_elements = 6,
                                                              .storage_class = "ByteStorage"},
                                                             {.name = "slice",
                                                              .sizes = {2},
                                                              .strides = {2},
                                                              .offset = 1,
                                                              .storage_elements = 6,
                                                              .storage_class = "ByteStorage"}}),
                                                  {bytes}),
                                          "the-file");
  const auto bytes_of = [&](size_t i) {
    const at::Tensor& tensor = weights.tensors[i].second;
    EXPECT_TRUE(tensor.is_contiguous());
    return std::string(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes());
  };
  EXPECT_EQ(bytes_of(0), "\1\4\2\5\3\6");
  EXPECT_EQ(bytes_of(1), "\2\4");
}

TEST(HostilePickle, NamesNoFunctionOfItsOwn) {
  const std::string shell =
      PickleWriter().global("os", "system").text("true").op('\x85').op('R').finish();
  const std::string expected =
      "the-file: refers to \"os.system\", which a weight file has no business with";
  EXPECT_EQ(complaint(shell), expected);
  EXPECT_EQ(complaint(zip_pth(shell, {})), expected);
  EXPECT_EQ(complaint(legacy_pth(shell, {})), expected);
}

TEST(HostilePickle, KeepsControlCharactersOutOfTheMessage) {
  const std::string named = PickleWriter().global("os\x1b[2J\r", "system").finish();
  EXPECT_EQ(complaint(named).find('\x1b'), std::string::npos);
  EXPECT_EQ(complaint(named).find('\r'), std::string::npos);
}

TEST(HostilePickle, IsAForeignOneWhenItIsHarmless) {
  EXPECT_COMPLAINT(PickleWriter().integer(1).finish(), "none that torch.save wrote");
  EXPECT_COMPLAINT(std::string("\x80\x04K\1.", 5), "protocol 4, expected 2");
}

TEST(HostilePickle, MisusesNoStackMarkOrMemo) {
  const auto raw = [](std::string_view codes) {
    return zip_pth(std::string("\x80\x02") + std::string(codes), {});
  };
  EXPECT_COMPLAINT(raw("."), "half way");
  EXPECT_COMPLAINT(raw("}}."), "half way");
  EXPECT_COMPLAINT(raw("(}."), "half way");
  EXPECT_COMPLAINT(raw("R"), "never made");
  EXPECT_COMPLAINT(raw("N(R"), "never made");
  EXPECT_COMPLAINT(raw("t"), "mark");
  EXPECT_COMPLAINT(raw("h\x05"), "never kept");
  EXPECT_COMPLAINT(raw("]NNs."), "fills a dict");
  EXPECT_COMPLAINT(raw("}Na."), "fills a list");
  EXPECT_COMPLAINT(raw("}(Nu."), "no value");
  EXPECT_COMPLAINT(raw("NNR."), "arguments");
  EXPECT_COMPLAINT(raw("N)R."), "no function");
  EXPECT_COMPLAINT(raw("NQ."), "no storage");
  EXPECT_COMPLAINT(raw("X\xff\xff\xff\xff"), "cut off");
  EXPECT_COMPLAINT(raw("i"), "opcode 105");
  EXPECT_COMPLAINT(raw("}"), "cut off");
}

int64_t peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

constexpr int64_t kBound = 600 * 1024;

TEST(HostilePickle, UsesBoundedMemoryForAHugeMemoNumber) {
  const int64_t before = peak_kilobytes();
  const std::string pickle("\x80\x02}r\x00\x84\xd7\x17.", 9);  // LONG_BINPUT 400,000,000
  EXPECT_COMPLAINT(zip_pth(pickle, {}), "holds no tensors");
  EXPECT_LT(peak_kilobytes() - before, 16 * 1024);
}

TEST(HostilePickle, UsesBoundedMemoryForMillionsOfValues) {
  const int64_t before = peak_kilobytes();
  EXPECT_COMPLAINT(zip_pth("\x80\x02" + std::string(30'000'000, ']'), {}), "steps");
  EXPECT_LT(peak_kilobytes() - before, kBound);
}

TEST(HostilePickle, MayNestDeeplyWithoutHarm) {
  constexpr size_t kDepth = 900'000;
  const std::string nested = std::string(kDepth, ']') + std::string(kDepth - 1, 'a') + ".";
  EXPECT_COMPLAINT(zip_pth("\x80\x02" + nested, {}), "holds no dict");
}

TEST(HostilePickle, MayNotMultiplyALongList) {
  // One list of pairs, made into an OrderedDict again and again.
  std::string pickle("\x80\x02](NN\x86q\x01", 9);
  for (int i = 0; i < 100'000; ++i) pickle.append("h\x01", 2);
  pickle += "eq";
  pickle += '\2';
  for (int i = 0; i < 100'000; ++i) pickle.append("ccollections\nOrderedDict\nh\x02\x85R", 29);
  const int64_t before = peak_kilobytes();
  EXPECT_COMPLAINT(zip_pth(pickle + ".", {}), "steps");
  EXPECT_LT(peak_kilobytes() - before, kBound);
}

TEST(HostileLegacy, AnHonestOneIsRead) {
  EXPECT_EQ(complaint(legacy_pth(pickle_of({{}}), {{}})), "");
}

TEST(HostileLegacy, HasStoragesThatItsTensorsExpect) {
  const std::string object = pickle_of({{}});
  EXPECT_COMPLAINT(legacy_pth(object, {{.count = 3}}), "a storage of 3 elements");
  EXPECT_COMPLAINT(legacy_pth(object, {{.count = -1}}), "a storage of -1 elements");
  EXPECT_COMPLAINT(legacy_pth(object, {{.bytes = "12345"}}), "cut off in a storage");
  EXPECT_COMPLAINT(legacy_pth(object, {{.bytes = "123456789"}}), "1 bytes after its last storage");
  EXPECT_COMPLAINT(legacy_pth(object, {{.key = "1"}}), "no tensor names");
  EXPECT_COMPLAINT(legacy_pth(object, {{}, {}}), "twice");
  EXPECT_COMPLAINT(legacy_pth(object, {}), "no storage \"0\"");
  EXPECT_COMPLAINT(legacy_pth(pickle_of({{}, {.name = "b", .storage_class = "LongStorage"}}), {{}}),
                   "in two ways");
}

TEST(HostileLegacy, IsNeverReadWhenCutOff) {
  const std::string whole = legacy_pth(pickle_of({{}}), {{}});
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(complaint(whole.substr(0, length)), "") << length;
  }
}

}  // namespace
}  // namespace solstice
