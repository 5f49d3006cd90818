#include "pipelines/shard.h"

#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "core/message.h"
#include "core/names.h"

namespace solstice {
namespace {

constexpr int64_t kMostShards = 1'000'000;

struct Scheduler {
  const char* name;
  const char* index;
  const char* count;  ///< nullptr: it tells none
};

/// Its ids may begin anywhere and go in steps.
constexpr Scheduler kSlurmArray{"Slurm array", "SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT"};

// Open MPI and torchrun stand before Slurm: started inside a Slurm job, their processes all see the
// step of the program that started them.
constexpr std::array<Scheduler, 9> kSchedulers{{
    {"torchrun", "RANK", "WORLD_SIZE"},
    {"Open MPI", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"PMI", "PMI_RANK", "PMI_SIZE"},
    kSlurmArray,
    {"Slurm step", "SLURM_PROCID", "SLURM_NTASKS"},
    {"Kubernetes indexed job", "JOB_COMPLETION_INDEX", nullptr},
    {"AWS Batch array", "AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"},
    {"Google Batch", "BATCH_TASK_INDEX", "BATCH_TASK_COUNT"},
    {"Cloud Run job", "CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT"},
}};

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

std::optional<int64_t> variable(const Environment& environment, const char* name) {
  const char* text = name == nullptr ? nullptr : environment(name);
  if (text == nullptr || *text == '\0') return std::nullopt;
  const std::optional<int64_t> number = whole_number(text);
  if (!number) {
    throw Error(ErrorKind::kUsage, message("--shard auto: ", name, " is \"", text,
                                           "\", expected a whole number from 0 on"));
  }
  return number;
}

[[noreturn]] void refuse(const std::string& text, const std::string& why) {
  throw Error(ErrorKind::kUsage, message("--shard ", text.empty() ? "\"\"" : text, ": ", why));
}

Shard checked(const std::string& text, Shard shard) {
  if (shard.count < 1 || shard.count > kMostShards) {
    refuse(text, message("found ", shard.count, " shards, expected 1 to ", kMostShards));
  }
  if (shard.index >= shard.count) {
    refuse(text, message("index ", shard.index,
                         shard.source.empty() ? "" : message(" (", shard.source, ")"), " of ",
                         shard.count, " shards; expected 0 to ", shard.count - 1));
  }
  return shard;
}

int64_t index_of(const Scheduler& scheduler, int64_t id, const Environment& environment) {
  if (std::string_view(scheduler.index) != kSlurmArray.index) return id;
  const int64_t first = variable(environment, "SLURM_ARRAY_TASK_MIN").value_or(0);
  const int64_t step = variable(environment, "SLURM_ARRAY_TASK_STEP").value_or(1);
  if (step < 1 || id < first || (id - first) % step != 0) {
    throw Error(ErrorKind::kUsage,
                message("--shard auto: SLURM_ARRAY_TASK_ID is ", id,
                        ", which does not fit SLURM_ARRAY_TASK_MIN ", first, " and _STEP ", step));
  }
  return (id - first) / step;
}

std::string all_variables() {
  std::vector<std::string> names;
  for (const Scheduler& scheduler : kSchedulers) names.emplace_back(scheduler.index);
  return join(names);
}

/// `wanted` is the n of "auto/n".
Shard from_environment(const std::string& text, std::optional<int64_t> wanted,
                       const Environment& environment) {
  std::optional<Shard> single;
  for (const Scheduler& scheduler : kSchedulers) {
    const std::optional<int64_t> id = variable(environment, scheduler.index);
    if (!id) continue;
    const std::optional<int64_t> told = variable(environment, scheduler.count);
    if (told == 1 && wanted.value_or(0) != 1) {
      // One process of its kind: the others may be another scheduler's.
      single = Shard{0, 1, scheduler.index};
      continue;
    }
    const std::optional<int64_t> count = told ? told : wanted;
    if (!count) {
      refuse(text, message(scheduler.name, " (", scheduler.index,
                           ") does not tell how many shards there are; say --shard auto/N"));
    }
    if (wanted && *wanted != *count) {
      refuse(text, message(scheduler.count, " is ", *count, " (", scheduler.name, ")"));
    }
    return checked(text, {index_of(scheduler, *id, environment), *count,
                          told ? message(scheduler.index, ", ", scheduler.count)
                               : std::string(scheduler.index)});
  }
  if (single && !wanted) return *single;
  refuse(text, message("no scheduler is found; looked for ", all_variables()));
}

}  // namespace

bool Shard::takes(std::string_view relative) const {
  return is_whole() ||
         hash_bytes(relative) % static_cast<uint64_t>(count) == static_cast<uint64_t>(index);
}

std::string Shard::name() const {
  return is_whole() ? "whole" : message("shard-", index, "-of-", count);
}

Shard choose_shard(const std::string& text, const Environment& environment) {
  if (text == "auto") return from_environment(text, std::nullopt, environment);
  const size_t slash = text.find('/');
  const std::optional<int64_t> count =
      slash == std::string::npos ? std::nullopt : whole_number(text.substr(slash + 1));
  if (count && text.substr(0, slash) == "auto") return from_environment(text, count, environment);
  const std::optional<int64_t> index = count ? whole_number(text.substr(0, slash)) : std::nullopt;
  if (!index) refuse(text, "expected i/n with i from 0 to n-1, auto, or auto/n");
  return checked(text, {*index, *count, ""});
}

}  // namespace solstice
