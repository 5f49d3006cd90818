#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/networks/options.h"

namespace solstice {

struct ImageModule;
struct LayerNode;
using TensorList = std::vector<std::pair<std::string, at::Tensor>>;

/// One row a family of networks. To add one: a file with its make function, and a row.
struct GeneratorRow {
  std::string_view name;     ///< "unet_256", or a pattern "unet_<2^n>"
  std::string_view summary;  ///< one line for help and README
  std::string_view
      smallest;  ///< a kind of this family that is quick to build: tests walk the table
  /// True when `kind` belongs to this row.
  bool (*matches)(std::string_view kind);
  std::shared_ptr<ImageModule> (*make)(const GeneratorOptions&);
  /// Both sides of an input must be multiples of this.
  int64_t (*size_multiple)(const GeneratorOptions&);
  /// Recognises the family in a bare state dict and reads its options off names and shapes;
  /// false when it is another family. Dropout of a U-Net cannot be known and stays false.
  bool (*infer)(const TensorList&, GeneratorOptions&);
  /// Rough peak bytes of activations per input pixel of one image, inference, float32.
  int64_t (*bytes_per_pixel)(const GeneratorOptions&);
  /// Whether a parameter belongs to the part that leads to the lowest resolution.
  bool (*is_encoder)(const GeneratorOptions&, std::string_view parameter);
  /// The same network in evaluation as a list of convolutions (layer_graph.h), made of its state;
  /// null: it can only be run as a whole.
  std::vector<LayerNode> (*graph)(const TensorList&, const GeneratorOptions&) = nullptr;
  int64_t largest_scale = 1;  ///< 1: the output has the input's size
};
std::span<const GeneratorRow> generator_table();

struct DiscriminatorRow {
  std::string_view name;
  std::string_view summary;
  std::shared_ptr<ImageModule> (*make)(const DiscriminatorOptions&);
};
std::span<const DiscriminatorRow> discriminator_table();

/// The row of a kind; throws Error(kUsage) that names the nearest known kind.
const GeneratorRow& generator_row(const std::string& kind);
const DiscriminatorRow& discriminator_row(const std::string& kind);

/// Networks with LibTorch's default initialisation, in training mode, on the CPU.
std::shared_ptr<ImageModule> make_generator(const GeneratorOptions& options);
std::shared_ptr<ImageModule> make_discriminator(const DiscriminatorOptions& options);

/// Draws new weights as the reference's init_weights does: conv and transposed conv weights by
/// `type`, their biases 0, BatchNorm weights N(1, gain) and biases 0. Uses torch's default
/// generator of the CPU.
void initialize(ImageModule& network, const InitOptions& options);

/// The options of the generator whose bare state dict this is. Throws Error(kWeights) that says
/// what the file seems to hold (a discriminator, a known family with a shape that does not fit, or
/// nothing known) and lists its first names. Leftover running statistics of old instance-norm
/// files do not disturb.
GeneratorOptions infer_generator(const TensorList& tensors);

/// All parameters and buffers by name, in the order and under the names of the reference.
TensorList state_of(const ImageModule& network);

/// Copies tensors into a network, converting their type. Reports all missing, unexpected and
/// misshapen tensors in one Error(kWeights) that begins with `label`. Running statistics that old
/// instance-norm files carry are left out without a word.
void load_state(ImageModule& network, const TensorList& tensors, const std::string& label);

/// Number of trainable values.
int64_t count_parameters(const ImageModule& network);

}  // namespace solstice
