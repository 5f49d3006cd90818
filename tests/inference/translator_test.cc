#include "inference/translator.h"

#include <gtest/gtest.h>

#include <opencv2/core.hpp>

#include "core/error.h"
#include "image/tensor_bridge.h"
#include "inference/model_file.h"
#include "models/networks/image_module.h"
#include "support/npy.h"
#include "support/shared_data.h"
#include "support/temporary_directory.h"

namespace solstice {
namespace {

std::string save_generator(const testing::TemporaryDirectory& directory, const std::string& kind,
                           int64_t input_nc = 3) {
  ModelMetadata metadata;
  metadata.generator.kind = kind;
  metadata.generator.ngf = 4;
  metadata.generator.input_nc = input_nc;
  const std::string path = (directory / (kind + ".safetensors")).string();
  save_model(path, metadata, state_of(*make_generator(metadata.generator)));
  return path;
}

Image noise(int width, int height, int type) {
  Image image;
  image.pixels = cv::Mat(height, width, type);
  cv::theRNG().state = 7;
  cv::randu(image.pixels, cv::Scalar::all(0),
            cv::Scalar::all(image.pixels.depth() == CV_8U ? 256 : 65536));
  return image;
}

TEST(Translator, KeepsEverySizeDepthAndChannelCount) {
  const testing::TemporaryDirectory directory;
  for (const char* kind : {"unet_32", "resnet_2blocks"}) {
    const Translator translator({save_generator(directory, kind), "", "cpu"});
    for (const auto& [width, height] :
         std::vector<std::pair<int, int>>{{1, 1}, {1, 40}, {33, 2}, {64, 32}, {31, 65}}) {
      for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3, CV_16UC4}) {
        const Image image = noise(width, height, type);
        const Image result = translator.translate({&image, 1}).front();
        EXPECT_EQ(result.pixels.size(), image.pixels.size()) << kind;
        EXPECT_EQ(result.pixels.type(), type) << kind;
      }
    }
  }
}

/// G_A from 3 channels to 1, G_B from 1 to 3, trained in the given direction.
std::string save_two_ways(const testing::TemporaryDirectory& directory, const char* direction) {
  ModelMetadata metadata;
  metadata.direction = direction;
  metadata.generator = {.kind = "resnet_1blocks", .input_nc = 3, .output_nc = 1, .ngf = 2};
  TensorList tensors;
  for (const char* prefix : {"G_A.", "G_B."}) {
    for (auto& [name, tensor] : state_of(*make_generator(metadata.generator))) {
      tensors.emplace_back(prefix + name, tensor);
    }
    std::swap(metadata.generator.input_nc, metadata.generator.output_nc);
  }
  const std::string path = (directory / (std::string(direction) + ".safetensors")).string();
  save_model(path, metadata, tensors);
  return path;
}

TEST(Translator, TakesTheGeneratorOfTheDirectionAskedFor) {
  const testing::TemporaryDirectory directory;
  const Image colour = noise(16, 12, CV_8UC3);
  const auto channels = [&](const std::string& path, const char* direction) {
    const Translator translator({path, direction, "cpu"});
    return translator.translate({&colour, 1}).front().pixels.channels();
  };
  const std::string forward = save_two_ways(directory, "AtoB");
  EXPECT_EQ(channels(forward, ""), 1);
  EXPECT_EQ(channels(forward, "AtoB"), 1);
  EXPECT_EQ(channels(forward, "BtoA"), 3);
  // Trained from B to A: its first generator makes A of B.
  const std::string backward = save_two_ways(directory, "BtoA");
  EXPECT_EQ(channels(backward, ""), 1);
  EXPECT_EQ(channels(backward, "BtoA"), 1);
  EXPECT_EQ(channels(backward, "AtoB"), 3);
}

TEST(Translator, CarriesAlphaOverUntouched) {
  const testing::TemporaryDirectory directory;
  const Translator translator({save_generator(directory, "resnet_2blocks"), "", "cpu"});
  const Image image = noise(20, 12, CV_8UC4);
  const Image result = translator.translate({&image, 1}).front();
  for (int y = 0; y < 12; ++y) {
    for (int x = 0; x < 20; ++x) {
      EXPECT_EQ(result.pixels.at<cv::Vec4b>(y, x)[3], image.pixels.at<cv::Vec4b>(y, x)[3]);
    }
  }
}

TEST(Translator, AGreyNetworkMakesColourOfAColourPhoto) {
  const testing::TemporaryDirectory directory;
  const Translator translator({save_generator(directory, "resnet_2blocks", 1), "", "cpu"});
  const Image image = noise(16, 16, CV_8UC1);
  EXPECT_EQ(translator.translate({&image, 1}).front().pixels.channels(), 3);
}

/// A bare state dict, as the reference's mode `colorization` leaves it, or with a task named.
std::string save_colours(const testing::TemporaryDirectory& directory, int64_t output_nc,
                         const char* task) {
  ModelMetadata metadata;
  metadata.generator = {.kind = "unet_16", .input_nc = 1, .output_nc = output_nc, .ngf = 4};
  const TensorList tensors = state_of(*make_generator(metadata.generator));
  const std::string path = (directory / "colours.safetensors").string();
  if (task == nullptr) {
    WeightFile bare;
    bare.tensors = tensors;
    save_weights(path, bare);
  } else {
    metadata.task = task;
    save_model(path, metadata, tensors);
  }
  return path;
}

TEST(Translator, BareWeightsFromOneChannelToTwoGiveColours) {
  const testing::TemporaryDirectory directory;
  const std::string path = save_colours(directory, 2, nullptr);
  EXPECT_EQ(load_model(path).metadata.task, "colorize");
  const Translator translator({path, "", "cpu"});
  for (const auto& [width, height] :
       std::vector<std::pair<int, int>>{{1, 1}, {33, 2}, {700, 300}}) {
    for (const int type : {CV_8UC1, CV_8UC3, CV_8UC4, CV_16UC1, CV_16UC3, CV_16UC4}) {
      const Image image = noise(width, height, type);
      const Image result = translator.translate({&image, 1}).front();
      EXPECT_EQ(result.pixels.size(), image.pixels.size());
      EXPECT_EQ(result.pixels.type(),
                CV_MAKETYPE(CV_MAT_DEPTH(type), CV_MAT_CN(type) == 4 ? 4 : 3));
    }
  }
  EXPECT_LT(translator.working_bytes(12000, 8000), int64_t{3} << 30);
}

TEST(Translator, RefusesAColorizeModelOfOtherChannels) {
  const testing::TemporaryDirectory directory;
  const std::string path = save_colours(directory, 3, "colorize");
  try {
    const Translator translator({path, "", "cpu"});
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kWeights);
    EXPECT_NE(std::string(error.what()).find("this one takes 1 and gives 3"), std::string::npos)
        << error.what();
  }
}

TEST(Translator, EqualsTheReferenceOnItsFixture) {
  SKIP_WITHOUT_SHARED_DATA("parity/e_G_resnet6_instance");
  const auto folder = testing::shared_data() / "parity/e_G_resnet6_instance";
  const at::Tensor input = testing::load_npy(folder / "input_nonsquare.npy");
  const at::Tensor expected = testing::load_npy(folder / "output_nonsquare_eval.npy");
  const Translator translator({(folder / "weights.pth").string(), "", "cpu"});
  // Through 16-bit pixels, whose steps of 3e-5 the network hardly sees.
  const Image image{to_pixels(input, CV_16U), {}};
  const at::Tensor result = to_tensor(translator.translate({&image, 1}).front().pixels);
  EXPECT_LT((result - expected).abs().max().item<double>(), 2e-3);
}

TEST(Translator, NeedsMoreMemoryForALargerImage) {
  const testing::TemporaryDirectory directory;
  const Translator translator({save_generator(directory, "resnet_2blocks"), "", "cpu"});
  EXPECT_GT(translator.working_bytes(1000, 1000), 1000 * 1000 * 4 * 12);
  EXPECT_GT(translator.working_bytes(2000, 1000), translator.working_bytes(1000, 1000));
}

TEST(Translator, LeavesRoomForItsWeights) {
  const testing::TemporaryDirectory directory;
  ModelMetadata metadata;
  metadata.generator = {.kind = "unet_32", .ngf = 64};
  const std::string path = (directory / "unet.safetensors").string();
  save_model(path, metadata, state_of(*make_generator(metadata.generator)));
  const auto weights = static_cast<int64_t>(std::filesystem::file_size(path));
  TranslatorOptions options{path, "", "cpu"};
  options.memory = int64_t{640} << 20;
  const Translator translator(options);
  for (int width = 800; width <= 2400; width += 160) {
    EXPECT_LE(translator.working_bytes(width, 1200) + weights, options.memory / 4 * 3) << width;
  }
}

Image translated(const TranslatorOptions& options, const Image& image) {
  return Translator(options).translate({&image, 1}).front();
}

double most_levels_apart(const Image& a, const Image& b) {
  return cv::norm(a.pixels, b.pixels, cv::NORM_INF);
}

TEST(Translator, TilesLeaveNoTrace) {
  const testing::TemporaryDirectory directory;
  for (const char* kind : {"unet_32", "resnet_2blocks"}) {
    TranslatorOptions options{save_generator(directory, kind), "", "cpu"};
    const Image image = noise(90, 203, CV_8UC3);
    options.tile = "off";
    const Image whole = translated(options, image);
    options.tile = "32";
    EXPECT_LE(most_levels_apart(translated(options, image), whole), 1) << kind;
  }
}

TEST(Translator, FastAndExactDifferByALevelAtMostAndSeldom) {
  const testing::TemporaryDirectory directory;
  for (const char* kind : {"unet_32", "resnet_2blocks"}) {
    TranslatorOptions options{save_generator(directory, kind), "", "cpu"};
    const Image image = noise(160, 160, CV_8UC3);
    const Image fast = translated(options, image);
    options.exact = true;
    const Image exact = translated(options, image);
    EXPECT_LE(most_levels_apart(fast, exact), 1) << kind;
    const cv::Mat differs = fast.pixels != exact.pixels;
    const int apart = cv::countNonZero(differs.reshape(1));
    EXPECT_LT(apart, 0.001 * static_cast<double>(fast.pixels.total() * 3)) << kind;
  }
}

TEST(Translator, TheMeanOfTurnsTurnsWithTheImage) {
  const testing::TemporaryDirectory directory;
  TranslatorOptions options{save_generator(directory, "resnet_2blocks"), "", "cpu"};
  // The second is padded to the network's multiple: each turn for itself.
  for (const auto& [width, height] : {std::pair(32, 48), std::pair(35, 49)}) {
    options.tta = true;
    const Image image = noise(width, height, CV_8UC3);
    const Image straight = translated(options, image);
    Image turned = image;
    cv::rotate(image.pixels, turned.pixels, cv::ROTATE_90_CLOCKWISE);
    const Image result = translated(options, turned);
    Image expected = straight;
    cv::rotate(straight.pixels, expected.pixels, cv::ROTATE_90_CLOCKWISE);
    EXPECT_LE(most_levels_apart(result, expected), 1) << width << "x" << height;
    options.tta = false;
    EXPECT_GT(most_levels_apart(translated(options, image), straight), 0);
  }
}

TEST(Translator, KeepsDropsOrTranslatesAlpha) {
  const testing::TemporaryDirectory directory;
  TranslatorOptions options{save_generator(directory, "resnet_2blocks"), "", "cpu"};
  const Image image = noise(24, 16, CV_16UC4);
  options.alpha = AlphaMode::kDrop;
  EXPECT_EQ(translated(options, image).pixels.type(), CV_16UC3);
  options.alpha = AlphaMode::kTranslate;
  const Image result = translated(options, image);
  ASSERT_EQ(result.pixels.type(), CV_16UC4);
  Image alpha = image, expected;
  cv::extractChannel(image.pixels, alpha.pixels, 3);
  expected = translated(options, alpha);
  cv::Mat made;
  cv::extractChannel(result.pixels, made, 3);
  EXPECT_EQ(cv::norm(made, expected.pixels, cv::NORM_INF), 0);
}

TEST(Translator, RefusesOptionsThatCannotBe) {
  const testing::TemporaryDirectory directory;
  TranslatorOptions options{save_generator(directory, "unet_32"), "", "cpu"};
  for (const char* tile : {"", "big", "31", "-64", "64x64"}) {
    options.tile = tile;
    EXPECT_THROW(Translator{options}, Error) << tile;
  }
  options.tile = "auto";
  options.precision = InferencePrecision::kFp16;
  EXPECT_THROW(Translator{options}, Error);
}

TEST(Translator, FindsASplitThatUsesNoMoreThreadsThanGiven) {
  const testing::TemporaryDirectory directory;
  const Translator translator({save_generator(directory, "unet_32"), "", "cpu"});
  const ComputeSplit split = translator.fastest_split(64, 64, 2);
  EXPECT_LE(split.images * split.threads, 2);
  EXPECT_GE(split.images * split.threads, 1);
  EXPECT_EQ(translator.fastest_split(64, 64, 1).images, 1);
}

TEST(Translator, RefusesADirectionThatTheModelDoesNotHave) {
  const testing::TemporaryDirectory directory;
  const std::string path = save_generator(directory, "unet_32");
  EXPECT_THROW(Translator({path, "BtoA", "cpu"}), Error);
  EXPECT_THROW(Translator({path, "sideways", "cpu"}), Error);
}

}  // namespace
}  // namespace solstice
