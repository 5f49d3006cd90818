#include "pipelines/collisions.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "core/message.h"

namespace solstice {
namespace {

namespace fs = std::filesystem;

/// One spelling for every path of a file, without following a link in its last part: a result
/// replaces such a link, never what the link points to.
class Spelling {
 public:
  std::string operator()(const std::string& path) {
    const size_t name = path.rfind('/') + 1;
    const auto [known, is_new] = parents_.try_emplace(path.substr(0, name));
    if (is_new) {
      const fs::path parent = name == 0 ? "." : path.substr(0, name);
      std::error_code ignored;
      known->second = fs::weakly_canonical(fs::absolute(parent), ignored).string();
      if (!known->second.ends_with('/')) known->second += '/';
    }
    return known->second + path.substr(name);
  }

 private:
  std::unordered_map<std::string, std::string> parents_;
};

/// A spelled path by its hash: equal hashes are looked at again, so that memory holds no names.
struct Spelled {
  uint64_t hash;
  size_t index;
  bool operator<(const Spelled& other) const {
    return hash != other.hash ? hash < other.hash : index < other.index;
  }
};

/// Two files that should not meet, the one listed later second.
struct Meeting {
  size_t first, second;
};

std::string and_more(size_t count) {
  return count > 1 ? message(" (and ", count - 1, " more)") : "";
}

const Meeting& earliest(const std::vector<Meeting>& meetings) {
  return *std::min_element(meetings.begin(), meetings.end(),
                           [](const auto& a, const auto& b) { return a.second < b.second; });
}

}  // namespace

void check_collisions(size_t count, const std::function<NamedResult(size_t)>& named,
                      const CollisionAdvice& advice) {
  Spelling spelling;
  std::vector<Spelled> inputs, outputs;
  inputs.reserve(count), outputs.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const NamedResult one = named(i);
    inputs.push_back({hash_bytes(spelling(one.input)), i});
    if (!one.second_input.empty()) inputs.push_back({hash_bytes(spelling(one.second_input)), i});
    outputs.push_back({hash_bytes(spelling(one.output)), i});
  }
  std::sort(inputs.begin(), inputs.end());
  std::sort(outputs.begin(), outputs.end());
  const auto output = [&](size_t i) { return spelling(named(i).output); };
  /// The input of `i` that is `place`, or empty.
  const auto input_at = [&](size_t i, const std::string& place) -> std::string {
    const NamedResult one = named(i);
    for (const std::string& input : {one.input, one.second_input}) {
      if (!input.empty() && spelling(input) == place) return input;
    }
    return "";
  };

  std::vector<Meeting> shared, overwritten;
  for (size_t i = 0, same = 0; i < count; ++i) {
    if (i > 0 && outputs[i].hash != outputs[i - 1].hash) same = i;
    if (same < i && output(outputs[same].index) == output(outputs[i].index)) {
      shared.push_back({outputs[same].index, outputs[i].index});
    }
    const auto met = std::lower_bound(inputs.begin(), inputs.end(), Spelled{outputs[i].hash, 0});
    if (met != inputs.end() && met->hash == outputs[i].hash &&
        !input_at(met->index, output(outputs[i].index)).empty()) {
      overwritten.push_back({met->index, outputs[i].index});
    }
  }
  if (!overwritten.empty()) {
    const Meeting& one = earliest(overwritten);
    throw Error(ErrorKind::kUsage,
                message("the result of ", named(one.second).input, " would replace the input ",
                        input_at(one.first, output(one.second)), and_more(overwritten.size()), "; ",
                        advice.overwritten));
  }
  if (!shared.empty()) {
    const Meeting& one = earliest(shared);
    throw Error(ErrorKind::kUsage, message(named(one.first).input, " and ", named(one.second).input,
                                           " have the same result ", named(one.second).output,
                                           and_more(shared.size()), "; ", advice.shared));
  }
}

}  // namespace solstice
