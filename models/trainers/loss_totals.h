#pragma once

#include <algorithm>
#include <string_view>

#include "models/trainers/trainer.h"

namespace solstice {

/// The mean of every loss over the batches of one step, in the order of the names given.
class LossTotals {
 public:
  LossTotals(std::initializer_list<std::string_view> names, size_t batches)
      : share_(1.0 / static_cast<double>(batches)) {
    for (const std::string_view name : names) totals_.emplace_back(name, at::Tensor());
  }

  /// A name that was not announced comes after those that were.
  void add(std::string_view name, const at::Tensor& loss) {
    auto found = std::find_if(totals_.begin(), totals_.end(),
                              [name](const auto& total) { return total.first == name; });
    if (found == totals_.end()) found = totals_.emplace(totals_.end(), name, at::Tensor());
    at::Tensor part = loss.detach();
    if (share_ != 1) part = part * share_;
    found->second = found->second.defined() ? found->second + part : part;
  }

  NamedScalars take() {
    std::erase_if(totals_, [](const auto& total) { return !total.second.defined(); });
    return std::move(totals_);
  }

 private:
  double share_;
  NamedScalars totals_;
};

}  // namespace solstice
