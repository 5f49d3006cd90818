#include "models/networks/networks.h"

#include <algorithm>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/compact.h"
#include "models/networks/edsr.h"
#include "models/networks/image_module.h"
#include "models/networks/layer_graph.h"
#include "models/networks/patch_gan.h"
#include "models/networks/pointwise.h"
#include "models/networks/resnet.h"
#include "models/networks/rrdb.h"
#include "models/networks/srresnet.h"
#include "models/networks/unet.h"

namespace solstice {
namespace {

constexpr std::array kGenerators{
    GeneratorRow{"unet_<2^n>", "U-Net with skip connections, n halvings: unet_4 to unet_1024",
                 "unet_4", matches_unet, make_unet, unet_size_multiple, infer_unet,
                 unet_bytes_per_pixel, is_unet_encoder, unet_graph},
    GeneratorRow{"resnet_<n>blocks", "ResNet, n residual blocks at a quarter of the resolution",
                 "resnet_1blocks", matches_resnet, make_resnet, resnet_size_multiple, infer_resnet,
                 resnet_bytes_per_pixel, is_resnet_encoder, resnet_graph},
    GeneratorRow{"pointwise", "a learned colour grade: 1x1 convolutions, every pixel alone",
                 "pointwise", matches_pointwise, make_pointwise, pointwise_size_multiple,
                 infer_pointwise, pointwise_bytes_per_pixel, is_pointwise_encoder, pointwise_graph},
    GeneratorRow{"edsr_<n>blocks", "super-resolution: n residual blocks, then pixel shuffle",
                 "edsr_1blocks", matches_edsr, make_edsr, edsr_size_multiple, infer_edsr,
                 edsr_bytes_per_pixel, is_edsr_encoder, edsr_graph, /*largest_scale=*/8},
    GeneratorRow{"srresnet_<n>blocks", "super-resolution with norms and PReLU: SRGAN's generator",
                 "srresnet_1blocks", matches_srresnet, make_srresnet, srresnet_size_multiple,
                 infer_srresnet, srresnet_bytes_per_pixel, is_srresnet_encoder, srresnet_graph,
                 /*largest_scale=*/8},
    GeneratorRow{"compact_<n>convs", "Real-ESRGAN's compact super-resolution: convolutions, PReLU",
                 "compact_1convs", matches_compact, make_compact, compact_size_multiple,
                 infer_compact, compact_bytes_per_pixel, is_compact_encoder, compact_graph,
                 /*largest_scale=*/4},
    GeneratorRow{"rrdb_<n>blocks", "super-resolution: ESRGAN's and Real-ESRGAN's dense blocks",
                 "rrdb_1blocks", matches_rrdb, make_rrdb, rrdb_size_multiple, infer_rrdb,
                 rrdb_bytes_per_pixel, is_rrdb_encoder, rrdb_graph, /*largest_scale=*/4},
};

constexpr std::array kDiscriminators{
    DiscriminatorRow{"basic", "PatchGAN of three strided layers, judges 70x70 patches",
                     make_basic_discriminator},
    DiscriminatorRow{"n_layers", "PatchGAN with a chosen number of strided layers",
                     make_n_layers_discriminator},
    DiscriminatorRow{"pixel", "judges every pixel alone", make_pixel_discriminator},
};

[[noreturn]] void fail_unknown(const char* flag, const std::string& kind,
                               const std::vector<std::string>& known,
                               const std::vector<std::string>& candidates) {
  const std::string near = nearest_name(kind, candidates);
  throw Error(ErrorKind::kUsage,
              message(flag, ": unknown network \"", kind, "\"; known: ", join(known),
                      near.empty() ? "" : message("; did you mean ", near, "?")));
}

}  // namespace

std::span<const GeneratorRow> generator_table() { return kGenerators; }
std::span<const DiscriminatorRow> discriminator_table() { return kDiscriminators; }

const GeneratorRow& generator_row(const std::string& kind) {
  std::vector<std::string> known;
  // Patterns have no spelling that could be near, so the usual kinds stand for them.
  std::vector<std::string> candidates{"unet_64",      "unet_128",       "unet_256",
                                      "unet_512",     "resnet_6blocks", "resnet_9blocks",
                                      "edsr_16blocks"};
  for (const GeneratorRow& row : kGenerators) {
    if (row.matches(kind)) return row;
    known.emplace_back(row.name);
    candidates.emplace_back(row.name);
  }
  fail_unknown("--generator", kind, known, candidates);
}

const DiscriminatorRow& discriminator_row(const std::string& kind) {
  std::vector<std::string> known;
  for (const DiscriminatorRow& row : kDiscriminators) {
    if (row.name == kind) return row;
    known.emplace_back(row.name);
  }
  fail_unknown("--discriminator", kind, known, known);
}

std::shared_ptr<ImageModule> make_generator(const GeneratorOptions& options) {
  const GeneratorRow& row = generator_row(options.kind);
  if (options.scale > row.largest_scale) {
    throw Error(ErrorKind::kUsage,
                message("--scale ", options.scale, ": ", options.kind,
                        row.largest_scale == 1 ? " keeps the size of its input"
                                               : message(" has at most ", row.largest_scale)));
  }
  return row.make(options);
}

std::shared_ptr<ImageModule> make_discriminator(const DiscriminatorOptions& options) {
  return discriminator_row(options.kind).make(options);
}

}  // namespace solstice
