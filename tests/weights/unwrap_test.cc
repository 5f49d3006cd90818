#include <gtest/gtest.h>

#include "weights/weight_files.h"
#include "weights/weights.h"

namespace solstice {
namespace {

using testing::complaint;
using testing::DescribedTensor;
using testing::kTwoFloats;
using testing::put_tensor;
using testing::zip_pth;

std::vector<std::string> names_of(const WeightFile& weights) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : weights.tensors) names.push_back(name);
  return names;
}

/// Opens `key: {"<key>.w": tensor}` in the dict being written.
void put_nested(PickleWriter& pickle, const std::string& key) {
  pickle.text(key).op('}').text(key + ".w");
  put_tensor(pickle, {});
  pickle.op('s');
}

WeightFile read_root(PickleWriter& pickle) {
  return read_weights(zip_pth(pickle.finish(), {kTwoFloats}), "the-file");
}

TEST(Unwrap, PrefersTheAveragedWeights) {
  PickleWriter pickle;
  pickle.op('}').op('(');
  put_nested(pickle, "params");
  put_nested(pickle, "params_ema");
  const WeightFile weights = read_root(pickle.op('u'));
  EXPECT_EQ(names_of(weights), std::vector<std::string>{"params_ema.w"});
  EXPECT_EQ(weights.notes, std::vector<std::string>{"took \"params_ema\""});
}

TEST(Unwrap, TakesTheOnlySetOfTensorsWhateverItsName) {
  PickleWriter pickle;
  pickle.op('}').op('(').text("epoch").integer(3);
  put_nested(pickle, "netG");
  const WeightFile weights = read_root(pickle.op('u'));
  EXPECT_EQ(weights.notes, std::vector<std::string>{"took \"netG\""});
}

TEST(Unwrap, AsksWhenSeveralSetsCouldBeMeant) {
  PickleWriter pickle;
  pickle.op('}').op('(');
  put_nested(pickle, "netG");
  put_nested(pickle, "netD");
  const std::string text = complaint(zip_pth(pickle.op('u').finish(), {kTwoFloats}));
  EXPECT_NE(text.find("several sets of tensors (\"netG\", \"netD\")"), std::string::npos) << text;
}

TEST(Unwrap, LeavesOutWhatIsNoTensorAndSaysSo) {
  PickleWriter pickle;
  pickle.op('}').op('(').text("epoch").integer(3).text("w");
  put_tensor(pickle, {});
  pickle.text("optimizer").op('}').integer(7).op(']');
  const WeightFile weights = read_root(pickle.op('u'));
  EXPECT_EQ(names_of(weights), std::vector<std::string>{"w"});
  EXPECT_EQ(weights.notes, std::vector<std::string>{
                               "ignored 3 entries that are no tensor: \"epoch\", \"optimizer\", "
                               "..."});
}

TEST(Unwrap, RefusesAFileWithoutTensors) {
  const std::string nothing = PickleWriter().op('}').text("epoch").integer(3).op('s').finish();
  EXPECT_NE(complaint(zip_pth(nothing, {})).find("holds no tensors by name"), std::string::npos);
  EXPECT_NE(complaint(zip_pth(PickleWriter().op(']').finish(), {})).find("holds no dict"),
            std::string::npos);
  PickleWriter bare;
  put_tensor(bare, {});
  EXPECT_NE(complaint(zip_pth(bare.finish(), {kTwoFloats})).find("one tensor without a name"),
            std::string::npos);
}

TEST(Unwrap, EndsInADictThatHoldsItself) {
  // d = {}; d["params"] = d
  const std::string loop =
      PickleWriter().op('}').op('q').op('\0').text("params").op('h').op('\0').op('s').finish();
  EXPECT_NE(complaint(zip_pth(loop, {})), "");
}

TEST(Unwrap, DropsPrefixesThatAllNamesShare) {
  const DescribedTensor one{.name = "module._orig_mod.a"};
  const DescribedTensor two{.name = "module._orig_mod.module.b"};
  const WeightFile both =
      read_weights(zip_pth(testing::pickle_of({one, two}), {kTwoFloats}), "the-file");
  EXPECT_EQ(names_of(both), (std::vector<std::string>{"a", "module.b"}));
  const WeightFile mixed =
      read_weights(zip_pth(testing::pickle_of({one, {.name = "a"}}), {kTwoFloats}), "the-file");
  EXPECT_EQ(names_of(mixed), (std::vector<std::string>{"module._orig_mod.a", "a"}));
  EXPECT_TRUE(mixed.notes.empty());
}

TEST(Unwrap, DropsPrefixesInSafetensorsToo) {
  const std::string file =
      testing::safetensors_of(R"({"module.a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1);
  EXPECT_EQ(names_of(read_weights(file, "the-file")), std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace solstice
