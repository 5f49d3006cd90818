#include "data/training_data.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/message.h"
#include "core/rng.h"
#include "data/check_layout.h"
#include "data/file_datasets.h"

namespace solstice {
namespace fs = std::filesystem;
namespace {

/// Sets what is held out apart from everything else that the seed decides.
constexpr uint64_t kHoldOutKey = 0x7a11d;

/// FNV-1a (Fowler, Noll, Vo), 64 bit.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return hash;
}

/// For each file, whether it is held out.
std::vector<bool> choose_held_out(const DataOptions& options, const std::vector<fs::path>& files,
                                  uint64_t seed) {
  if (files.size() < 2) {
    throw Error(
        ErrorKind::kUsage,
        message("--val-split ", options.val_split, ": ", options.data, " has only ", files.size(),
                " usable sample to hold out from; add more or leave ", "--val-split away"));
  }
  std::vector<double> draws;
  for (const fs::path& file : files) {
    draws.push_back(Rng({seed, kHoldOutKey, hash_of(name_of_file(file, options))}).uniform());
  }
  const auto [least, most] = std::minmax_element(draws.begin(), draws.end());
  std::vector<bool> held_out;
  for (const double& draw : draws) {
    held_out.push_back(&draw == &*least || (draw < options.val_split && &draw != &*most));
  }
  return held_out;
}

/// Moves the chosen files out of `files`, in their order.
std::vector<fs::path> take_chosen(std::vector<fs::path>& files, const std::vector<bool>& chosen) {
  std::vector<fs::path> taken;
  std::vector<fs::path> left;
  for (size_t i = 0; i < files.size(); ++i) {
    (chosen[i] ? taken : left).push_back(std::move(files[i]));
  }
  files = std::move(left);
  return taken;
}

/// Moves a share of the samples out of `training`.
CheckedLayout hold_out(const DataOptions& options, CheckedLayout& training, uint64_t seed) {
  Layout& from = training.layout;
  CheckedLayout held_out;
  held_out.sizes = training.sizes;
  held_out.layout.arrangement = from.arrangement;
  held_out.layout.reading = message("held out of the training samples: --val-split ",
                                    option_text::write_real(options.val_split));
  const std::vector<bool> chosen = choose_held_out(options, from.a, seed);
  if (from.arrangement == Arrangement::kUnpaired) {
    held_out.layout.b = take_chosen(from.b, choose_held_out(options, from.b, seed));
  } else if (from.arrangement == Arrangement::kPairs) {
    held_out.layout.b = take_chosen(from.b, chosen);
  }
  held_out.layout.a = take_chosen(from.a, chosen);
  return held_out;
}

/// What a file is under all its names.
using FileIdentity = std::pair<dev_t, ino_t>;

std::optional<FileIdentity> identity_of(const fs::path& file) {
  struct stat found {};
  if (stat(file.c_str(), &found) != 0) return std::nullopt;
  return FileIdentity(found.st_dev, found.st_ino);
}

/// For each file, whether it is one of `known`.
std::vector<bool> are_among(const std::vector<fs::path>& files,
                            const std::set<FileIdentity>& known) {
  std::vector<bool> among;
  for (const fs::path& file : files) {
    const std::optional<FileIdentity> identity = identity_of(file);
    among.push_back(identity && known.contains(*identity));
  }
  return among;
}

/// Leaves out of `training` every sample with a file that `validation` has too, under whatever
/// name: a table may name one target for two inputs, or a file of one folder for the other part.
void remove_shared(Layout& training, const Layout& validation) {
  std::set<FileIdentity> known;
  for (const std::vector<fs::path>* files : {&validation.a, &validation.b}) {
    for (const fs::path& file : *files) {
      if (const auto identity = identity_of(file)) known.insert(*identity);
    }
  }
  std::vector<bool> shared_a = are_among(training.a, known);
  std::vector<bool> shared_b = are_among(training.b, known);
  if (training.arrangement == Arrangement::kPairs) {
    for (size_t i = 0; i < shared_a.size(); ++i) shared_a[i] = shared_a[i] || shared_b[i];
    shared_b = shared_a;
  }
  const size_t before = training.a.size() + training.b.size();
  (void)take_chosen(training.a, shared_a);
  (void)take_chosen(training.b, shared_b);
  const size_t removed = before - training.a.size() - training.b.size();
  if (removed > 0) {
    training.reading += message(" (", removed, " files left out: validation has them)");
  }
}

std::optional<CheckedLayout> find_validation(const DataOptions& options, Pairing wanted,
                                             CheckedLayout& training, uint64_t seed) {
  if (has_split(options, "val")) {
    return check_layout(options, *find_layout(options, "val", wanted));
  }
  if (options.val_split > 0) return hold_out(options, training, seed);
  return std::nullopt;
}

}  // namespace

TrainingData open_training_data(const DataOptions& options, Pairing wanted, uint64_t seed) {
  require_options_fit(options);
  std::optional<Layout> found = find_layout(options, "train", wanted);
  if (!found) throw_unknown_layout(options, "train");
  CheckedLayout training = check_layout(options, std::move(*found));
  std::optional<CheckedLayout> validation = find_validation(options, wanted, training, seed);
  const auto cache = std::make_shared<ImageCache>(options.memory.bytes);
  TrainingData data;
  if (validation) {
    remove_shared(training.layout, validation->layout);
    data.validation = open_layout(options, std::move(*validation), cache);
    data.validation.dataset = make_centred(std::move(data.validation.dataset));
  }
  data.training = open_layout(options, std::move(training), cache);
  return data;
}

}  // namespace solstice
