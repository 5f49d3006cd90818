#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "inference/model_file.h"
#include "inference/plan.h"
#include "inference/pointwise_plan.h"
#include "inference/translator.h"
#include "models/networks/image_module.h"

namespace solstice {

/// The network of a Translator, and how an image goes through it.
struct Translator::State {
  TranslatorOptions options;
  ModelFile model;
  at::Device device = at::kCPU;
  at::ScalarType type = at::kFloat;
  int64_t multiple = 1;
  std::optional<int64_t> strip_rows;
  std::shared_ptr<ImageModule> network;      ///< null where the plan does all
  std::unique_ptr<Plan> plan;                ///< null: the network runs as a whole
  std::unique_ptr<PointwisePlan> pointwise;  ///< where it fits, instead of all others

  using Write = std::function<void(int64_t first, const at::Tensor& rows)>;

  void open(const TensorList& tensors);
  int scale() const { return static_cast<int>(model.metadata.scale); }
  PlanSchedule schedule(int64_t height, int64_t width) const;
  int64_t bytes_of(int width, int height) const;
  bool runs_whole(int64_t height, int64_t width) const;
  int64_t margin() const;
  int64_t padded_side(int64_t side) const;
  cv::Mat padded(const cv::Mat& colours) const;
  void run(const cv::Mat& image, const Write& write) const;
  void run_plan(const cv::Mat& image, const Write& write) const;
  at::Tensor run_network(const at::Tensor& batch) const;
  at::Tensor result_of(const cv::Mat& image) const;
  at::Tensor mean_of_turns(const cv::Mat& colours) const;
  cv::Rect place_of(cv::Size image) const;
  cv::Mat colours_of(const cv::Mat& source) const;
  bool colorizes() const;
  void require_colour_channels() const;
  cv::Size view_size(cv::Size image) const;
  cv::Mat coloured(const cv::Mat& source) const;
  Image translate_one(const Image& image) const;
  Image finished(const Image& source, const cv::Mat& result) const;
  std::vector<Image> translate_batch(std::span<const Image> images) const;
  std::vector<Image> translate_or_halve(std::span<const Image> images) const;
};

/// Both sides of an image as the network takes it.
int64_t round_up(int64_t side, int64_t multiple);

/// LibTorch has a type of its own for accelerators' memory only, OpenCV one of its own for all.
bool is_out_of_memory(const std::exception& error);

constexpr int64_t kFewestStripRows = 32;

}  // namespace solstice
