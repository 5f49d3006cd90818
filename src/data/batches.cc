#include <ATen/ops/empty.h>

#include <cstring>
#include <numeric>

#include "core/error.h"
#include "core/message.h"
#include "data/dataset.h"

namespace solstice {
namespace {

/// Copied by hand: the loader's threads must not start a team of compute threads each.
at::Tensor stack(std::span<const Sample> samples, at::Tensor Sample::*side) {
  const at::Tensor& first = samples[0].*side;
  std::vector<int64_t> sizes = first.sizes().vec();
  sizes.insert(sizes.begin(), static_cast<int64_t>(samples.size()));
  at::Tensor stacked = at::empty(sizes, first.options());
  char* to = static_cast<char*>(stacked.mutable_data_ptr());
  for (const Sample& sample : samples) {
    const at::Tensor image = (sample.*side).contiguous();
    if (image.sizes() != first.sizes()) {
      throw Error(ErrorKind::kUsage,
                  message("images of different sizes in one batch: ", samples[0].name, " ",
                          first.sizes(), ", ", sample.name, " ", image.sizes(),
                          "; use --batch-size 1 or another --preprocess"));
    }
    std::memcpy(to, image.const_data_ptr(), image.nbytes());
    to += image.nbytes();
  }
  return stacked;
}

}  // namespace

std::vector<int64_t> epoch_order(int64_t size, bool shuffle, uint64_t seed, int64_t epoch) {
  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), int64_t{0});
  if (shuffle) {
    Rng rng({seed, static_cast<uint64_t>(epoch)});
    rng.shuffle(std::span<int64_t>(order));
  }
  return order;
}

Batch collate(std::span<const Sample> samples, Pairing pairing) {
  if (samples.empty()) throw Error(ErrorKind::kRun, "a batch of no samples was asked for");
  Batch batch{stack(samples, &Sample::input), stack(samples, &Sample::target), pairing, {}};
  for (const Sample& sample : samples) batch.names.push_back(sample.name);
  return batch;
}

}  // namespace solstice
