#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/rng.h"
#include "data/options.h"
#include "models/batch.h"

namespace solstice {

struct Sample {
  at::Tensor input;   ///< (C, H, W) float32 in [-1, 1]
  at::Tensor target;  ///< likewise
  std::string name;
};

/// Which files make a sample. get() is a function of its arguments alone and thread-safe.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  virtual Pairing pairing() const = 0;
  /// The input's file, relative to the data set's folder: "trainA/1.jpg".
  virtual std::string name(int64_t index) const = 0;
  /// Draws from `rng` in this order: the index of the target's file (unpaired only), then left
  /// edge, top edge and flip, once for a pair, for input and then target when unpaired.
  /// Throws Error(kInput) "FILE: reason" when a file cannot be decoded or is a single colour.
  virtual Sample get(int64_t index, Rng& rng) const = 0;
  /// The sample without any draw: resized as get() does, the crop from the middle, not mirrored,
  /// the target's file by index (modulo their number) when unpaired. Throws as get().
  virtual Sample get_centre(int64_t index) const = 0;
};

/// A file or pair that cannot be used.
struct DataProblem {
  std::string file;  ///< A's file when it is the pair that does not fit
  std::string what;  ///< "has no partner in trainB", "A is 640x480, B is 640x372"
};

/// A size that tensors of a data set have after preprocessing.
struct SampleSize {
  int64_t width = 0;
  int64_t height = 0;
  std::string file;  ///< one that gives it
};

struct OpenedDataset {
  std::unique_ptr<Dataset> dataset;
  std::string reading;  ///< how the folder was read: "paired by stem: trainA + trainB, 148 pairs"
  std::vector<DataProblem> problems;  ///< these samples are left out
  std::vector<SampleSize> sizes;      ///< every different one, of inputs and targets
};

/// Opens one part of a data set (`split` "train", "val" or "test") as the trainer wants it.
/// With `wanted` kPaired the folder is recognised by what is in it, in this order:
///  - options.pairs or pairs.tsv: rows of two image paths, A then B, relative to the folder or to
///    `<split>A/` and `<split>B/`; more columns and a heading may stand beside them, and a column
///    headed `split` says whose row it is. Without rows for `split` the folders are read instead.
///  - `<split>A/` + `<split>B/`: paired by relative stem ("x/1.jpg" with "x/1.png") when at least
///    half the stems of the smaller folder match; else there are no pairs, which is an Error.
///  - `<split>/`: every image is A|B side by side.
/// With kUnpaired, inputs go by index and targets are drawn:
///  - `<split>A/` + `<split>B/`: all of both, whether or not stems match or a pairs.tsv is there
///  - `<split>/`: A is a left half, B the right half of another file
///  - the files that the rows of the pairs file name, each once
/// Files are sorted by path, then options.max_images is applied. Every header is read (in parallel)
/// and what does not fit is a problem. Throws Error(kInput) when the folder has no known layout
/// (saying what was looked for), no pairs where they are wanted, or not one usable sample,
/// Error(kUsage) for options that contradict each other or the images' sizes.
OpenedDataset open_dataset(const DataOptions& options, const std::string& split, Pairing wanted);

/// Throws Error(kUsage) that names a file and its size when a sample has a side that `network`
/// cannot take: no multiple of `multiple`. For use before training.
void require_sides(const OpenedDataset& opened, int64_t multiple, const std::string& network);

/// Whether the folder has this part. Throws as open_dataset for a folder that cannot be read.
bool has_split(const DataOptions& options, const std::string& split);

/// The order of an epoch: a function of (seed, epoch) alone.
std::vector<int64_t> epoch_order(int64_t size, bool shuffle, uint64_t seed, int64_t epoch);

/// Stacks samples into a batch. Throws Error(kUsage) naming two that differ in size.
Batch collate(std::span<const Sample> samples, Pairing pairing);

}  // namespace solstice
