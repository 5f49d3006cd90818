#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/error.h"
#include "core/files.h"
#include "support/temporary_directory.h"
#include "weights/convert.h"
#include "weights/elements.h"
#include "weights/safetensors_header.h"
#include "weights/weight_files.h"
#include "weights/weights.h"

namespace solstice {
namespace {

using testing::same_tensor;
using testing::TemporaryDirectory;
using testing::tensors_of_all_kinds;

void expect_same(const TensorList& expected, const TensorList& found) {
  ASSERT_EQ(expected.size(), found.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(expected[i].first, found[i].first);
    EXPECT_TRUE(same_tensor(expected[i].second, found[i].second)) << expected[i].first;
  }
}

class EveryWrittenFormat : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(, EveryWrittenFormat, ::testing::Values(".safetensors", ".pth", ".pt"),
                         [](const auto& row) { return row.param.substr(1); });

TEST_P(EveryWrittenFormat, KeepsEveryBitOrderTypeAndShape) {
  const TemporaryDirectory directory;
  const std::string path = (directory / "model").string() + GetParam();
  const TensorList tensors = tensors_of_all_kinds();
  save_weights(path, {tensors, {}, {}, {}});
  const WeightFile read = load_weights(path);
  expect_same(tensors, read.tensors);
  EXPECT_TRUE(read.notes.empty());
}

TEST_P(EveryWrittenFormat, GivesEqualBytesForEqualWeightsWhateverTheFileIsCalled) {
  const TemporaryDirectory directory;
  const std::string one = (directory / "one").string() + GetParam();
  const std::string two = (directory / "two").string() + GetParam();
  save_weights(one, {tensors_of_all_kinds(), {}, {}, {}});
  save_weights(two, load_weights(one));
  EXPECT_EQ(read_file(one), read_file(two));
}

TEST_P(EveryWrittenFormat, WritesATensorThatIsNotContiguousAsItReads) {
  const TemporaryDirectory directory;
  const std::string path = (directory / "model").string() + GetParam();
  const at::Tensor tensor = at::arange(6).view({2, 3});
  save_weights(path, {{{"w", tensor.t()}}, {}, {}, {}});
  expect_same({{"w", tensor.t().contiguous()}}, load_weights(path).tensors);
}

TEST_P(EveryWrittenFormat, RefusesToWriteANameTwice) {
  const TemporaryDirectory directory;
  const std::string path = (directory / "model").string() + GetParam();
  const at::Tensor tensor = at::arange(2);
  EXPECT_THROW(save_weights(path, {{{"w", tensor}, {"w", tensor}}, {}, {}, {}}), Error);
  EXPECT_FALSE(fs::exists(path));
}

TEST_P(EveryWrittenFormat, RefusesAnElementTypeNoWeightFileHolds) {
  const TemporaryDirectory directory;
  const std::string path = (directory / "model").string() + GetParam();
  const at::Tensor tensor = at::empty({2}, at::kComplexFloat);
  EXPECT_THROW(save_weights(path, {{{"w", tensor}}, {}, {}, {}}), Error);
}

TEST(SaveWeights, RefusesAnExtensionThatMeansNoFormat) {
  try {
    save_weights("model.onnx", {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "model.onnx: cannot be written: the extension \".onnx\" means no weight format, "
                 "expected one of .safetensors, .pth, .pt");
  }
}

TEST(Safetensors, KeepsItsMetadata) {
  const TemporaryDirectory directory;
  const std::string path = directory / "model.safetensors";
  const std::map<std::string, std::string> metadata{{"format", "pt"},
                                                    {"solstice", "{\"version\": 1}\n\"ä\""}};
  save_weights(path, {tensors_of_all_kinds(), metadata, {}, {}});
  EXPECT_EQ(load_weights(path).metadata, metadata);
}

TEST(Safetensors, IsNeverTakenForAPickleWhateverItsHeadersLength) {
  const TemporaryDirectory directory;
  const std::string path = (directory / "a.safetensors").string();
  bool begins_like_a_pickle = false;
  for (size_t note = 0; note < 1100; note += 8) {
    save_weights(path, {{{"w", at::arange(2)}}, {{"note", std::string(note, 'x')}}, {}, {}});
    const std::string bytes = read_file(path);
    begins_like_a_pickle = begins_like_a_pickle || (bytes[0] == '\x80' && bytes[1] <= 5);
    EXPECT_EQ(load_weights(path).format, "safetensors") << note;
  }
  EXPECT_TRUE(begins_like_a_pickle) << "the sweep must meet the case it is for";
}

TEST(Safetensors, AlignsItsDataForEveryElementType) {
  const TemporaryDirectory directory;
  const std::string path = directory / "model.safetensors";
  TensorList tensors = tensors_of_all_kinds();
  std::reverse(tensors.begin(), tensors.end());  // narrow elements first
  save_weights(path, {tensors, {}, {}, {}});
  const std::string bytes = read_file(path);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  EXPECT_EQ(length % 8, 0u);
  for (const auto& entry :
       read_safetensors_header(std::string_view(bytes).substr(8, length)).entries) {
    EXPECT_EQ(entry.begin % element_by_safetensors(entry.element)->bytes, 0u) << entry.name;
  }
}

TEST(ConvertWeights, GoesThereAndBackToTheSameBytes) {
  const TemporaryDirectory directory;
  const std::string first = directory / "first.pth";
  const std::string between = directory / "between.safetensors";
  const std::string last = directory / "last.pth";
  save_weights(first, {tensors_of_all_kinds(), {}, {}, {}});
  const std::string said = convert_weights(first, between);
  EXPECT_NE(said.find("(safetensors): 50 tensors"), std::string::npos) << said;
  convert_weights(between, last);
  EXPECT_EQ(read_file(first), read_file(last));
  EXPECT_EQ(load_weights(between).metadata.at("format"), "pt");
}

TEST(ConvertWeights, SaysWhenMetadataIsLeftOutAndKeepsItElsewhere) {
  const TemporaryDirectory directory;
  const std::string first = directory / "first.safetensors";
  const std::string second = directory / "second.safetensors";
  save_weights(first, {tensors_of_all_kinds(), {{"solstice", "{}"}}, {}, {}});
  EXPECT_NE(convert_weights(first, directory / "x.pth").find("left out"), std::string::npos);
  EXPECT_EQ(convert_weights(first, second).find("left out"), std::string::npos);
  EXPECT_EQ(load_weights(second).metadata.at("solstice"), "{}");
}

/// Saves tensors of all kinds as .pth and as .safetensors and lets a script compare the two.
int run_python(const std::string& python, const std::string& script) {
  const TemporaryDirectory directory;
  save_weights(directory / "w.pth", {tensors_of_all_kinds(), {}, {}, {}});
  save_weights(directory / "w.safetensors", {tensors_of_all_kinds(), {}, {}, {}});
  const std::string command = "'" + python + "' '" SOLSTICE_SOURCE_DIR "/tests/weights/" + script +
                              "' '" + (directory / "w.pth").string() + "' '" +
                              (directory / "w.safetensors").string() + "'";
  return std::system(command.c_str());
}

TEST(TorchZip, SatisfiesPythonsRestrictedUnpickler) {
  if (std::system("python3 -c '' >/dev/null 2>&1") != 0) GTEST_SKIP() << "needs python3";
  EXPECT_EQ(run_python("python3", "check_weights_only.py"), 0);
}

TEST(TorchZip, IsReadByTorchItself) {
  const char* python = std::getenv("SOLSTICE_TORCH_PYTHON");
  if (python == nullptr) GTEST_SKIP() << "SOLSTICE_TORCH_PYTHON names no Python that has torch";
  EXPECT_EQ(run_python(python, "check_with_torch.py"), 0);
}

}  // namespace
}  // namespace solstice
