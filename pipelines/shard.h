#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace solstice {

/// The text of `--shard` that means all files. Empty text is refused: a script's variable that is
/// not set would have every machine do everything.
inline constexpr const char* kWholeShard = "0/1";

/// One machine's share of a folder.
struct Shard {
  int64_t index = 0;   ///< from 0
  int64_t count = 1;   ///< 1: the whole folder
  std::string source;  ///< what it was read from: "SLURM_PROCID, SLURM_NTASKS"

  bool is_whole() const { return count == 1; }

  /// True for the files of this share. By a hash of the place (hash_bytes), so that files added to
  /// a folder move no other, and the machines need not see the same listing.
  bool takes(std::string_view relative) const;

  /// "shard-3-of-8", or "whole": for the names of its files.
  std::string name() const;
};

/// Looks up a variable of the environment; nullptr when it is not set.
using Environment = std::function<const char*(const char* name)>;

/// The share that `--shard` names: "i/n" (0 <= i < n), "auto" what the scheduler
/// says, "auto/n" the same where the scheduler gives no count. Schedulers are looked for in this
/// order, the launcher nearest to the process first, and the first that has more than one task
/// counts: torchrun, Open MPI, PMI, Slurm array, Slurm step, Kubernetes indexed job, AWS Batch
/// array, Google Batch, Cloud Run. Throws Error(kUsage) when none is found, an index is not below
/// its count, or the count is missing or another than the n of "auto/n".
Shard choose_shard(const std::string& text, const Environment& environment);

}  // namespace solstice
