#include "models/networks/published_names.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>

#include "core/error.h"
#include "core/message.h"
#include "models/networks/edsr.h"

namespace solstice {
namespace {

/// Names that begin with `from`. A '#' there is a number, which the next '#' of `to` repeats; a '$'
/// of `to` is one more than the largest first number of all names.
struct Rename {
  std::string_view from, to;
};

constexpr Rename kEsrgan[] = {
    {"model.0.", "conv_first."},      {"model.1.sub.#.RDB#.conv#.0.", "body.#.rdb#.conv#."},
    {"model.1.sub.#.", "conv_body."}, {"model.3.", "conv_up1."},
    {"model.6.", "conv_up2."},        {"model.8.", "conv_hr."},
    {"model.10.", "conv_last."}};
constexpr Rename kEsrganLater[] = {{"RRDB_trunk.#.RDB#.conv#.", "body.#.rdb#.conv#."},
                                   {"trunk_conv.", "conv_body."},
                                   {"upconv1.", "conv_up1."},
                                   {"upconv2.", "conv_up2."},
                                   {"HRconv.", "conv_hr."}};
constexpr Rename kEdsr[] = {{"conv_first.", "head.0."},
                            {"body.#.conv1.", "body.#.body.0."},
                            {"body.#.conv2.", "body.#.body.2."},
                            {"conv_after_body.", "body.$."},
                            {"upsample.", "tail.0."},
                            {"conv_last.", "tail.1."}};

/// A published way of naming.
struct Naming {
  std::string_view sign;  ///< a tensor that only files of this way have
  std::string_view whose;
  std::span<const Rename> renames;
};
const Naming kNamings[] = {{"model.1.sub.0.RDB1.conv1.0.weight", "the first ESRGAN code", kEsrgan},
                           {"RRDB_trunk.0.RDB1.conv1.weight", "the ESRGAN code", kEsrganLater},
                           {"conv_after_body.weight", "BasicSR's EDSR", kEdsr}};

size_t digits_at(std::string_view text, size_t place) {
  size_t end = place;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  return end - place;
}

/// The numbers of a name that a pattern fits, and what follows it.
struct Fit {
  std::vector<std::string> numbers;
  std::string_view rest;
};
std::optional<Fit> fit(std::string_view name, std::string_view pattern) {
  constexpr size_t kMostDigits = 6;
  Fit found;
  size_t place = 0;
  for (const char letter : pattern) {
    const size_t length = letter == '#' ? digits_at(name, place) : size_t{1};
    if (length == 0 || length > kMostDigits || place >= name.size()) return std::nullopt;
    if (letter == '#') found.numbers.emplace_back(name.substr(place, length));
    if (letter != '#' && name[place] != letter) return std::nullopt;
    place += length;
  }
  found.rest = name.substr(place);
  return found;
}

/// The first of the renames that fits, carried out; the name itself without one.
std::string renamed(const std::string& name, std::span<const Rename> renames, int64_t blocks) {
  for (const Rename& rename : renames) {
    const auto found = fit(name, rename.from);
    if (!found) continue;
    std::string result;
    size_t next = 0;
    for (const char letter : rename.to) {
      if (letter == '#') {
        result += found->numbers.at(next++);
      } else if (letter == '$') {
        result += std::to_string(blocks);
      } else {
        result += letter;
      }
    }
    return result.append(found->rest);
  }
  return name;
}

int64_t count_blocks(const TensorList& tensors, std::span<const Rename> renames) {
  int64_t blocks = 0;
  for (const auto& entry : tensors) {
    for (const Rename& rename : renames) {
      const auto found = fit(entry.first, rename.from);
      if (found && !found->numbers.empty()) {
        blocks = std::max(blocks, int64_t{std::stoll(found->numbers.front())} + 1);
      }
    }
  }
  return blocks;
}

}  // namespace

std::string rename_published(TensorList& tensors) {
  for (const Naming& naming : kNamings) {
    const auto is_sign = [&](const auto& entry) { return entry.first == naming.sign; };
    if (std::ranges::none_of(tensors, is_sign)) continue;
    const int64_t blocks = count_blocks(tensors, naming.renames);
    std::set<std::string> names;
    for (auto& entry : tensors) {
      std::string& name = entry.first;
      const std::string before = name;
      name = renamed(before, naming.renames, blocks);
      if (!names.insert(name).second) {
        throw Error(ErrorKind::kWeights,
                    message("two of its tensors are ", name, ", one of them as ", before));
      }
    }
    if (naming.renames.data() == kEdsr) add_edsr_means(tensors);
    return message("took the names of ", naming.whose, " for ours");
  }
  return {};
}

}  // namespace solstice
