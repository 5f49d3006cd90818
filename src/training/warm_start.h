#pragma once

#include <string>
#include <vector>

#include "models/trainers/trainer.h"

namespace solstice {

/// What a warm start did to one network.
struct WarmStart {
  std::string network;             ///< "G"
  std::string from;                ///< file; empty: nothing was found for this network
  size_t taken = 0;                ///< tensors
  std::vector<std::string> fresh;  ///< names that stayed as they were drawn
  std::string misfit;  ///< the first of them that the file has in another shape, and both shapes

  /// There was something for this network, and most of it did not fit.
  bool is_poor() const { return !from.empty() && taken < fresh.size(); }

  /// "G: 82 of 82 tensors from FILE", "D: new".
  std::string describe() const;
};

/// Copies into a trainer's networks every tensor of `path` whose name and shape fit; of a network
/// of which no weight fits (two sides and more), nothing: a bias of three colours fits any. `path`:
/// a model file (its generators), a run directory (all networks of its newest checkpoint, else its
/// model), a reference `<tag>_net_<NAME>.pth` (all networks that lie beside it) or a folder of
/// those. Throws Error(kWeights) when it cannot be read or not one weight fits.
std::vector<WarmStart> warm_start(Trainer& trainer, const std::string& path);

}  // namespace solstice
