#include "weights/unwrap.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_set>

#include "core/names.h"
#include "weights/failure.h"

namespace solstice {
namespace {

using Kind = PickleValue::Kind;

constexpr std::array<std::string_view, 3> kWrappers{"params_ema", "params", "state_dict"};
constexpr std::array<std::string_view, 2> kPrefixes{"module.", "_orig_mod."};
constexpr int kDeepestWrapping = 4;

/// Calls back with (key, value) of a dict's entries that have a text as key.
template <class Visit>
void each_entry(const PickleValue& dict, Visit&& visit) {
  for (size_t i = 0; i + 1 < dict.items.size(); i += 2) {
    if (dict.items[i]->kind == Kind::kText) visit(dict.items[i]->text, dict.items[i + 1]);
  }
}

bool has_tensors(const PickleValue& value) {
  bool found = false;
  if (value.kind != Kind::kDict) return false;
  each_entry(value, [&](std::string_view, const PickleValue* entry) {
    found = found || entry->kind == Kind::kTensor;
  });
  return found;
}

/// True where the dict, or one nested in it, has tensors.
bool leads_to_tensors(const PickleValue& value, int depth) {
  if (has_tensors(value)) return true;
  if (value.kind != Kind::kDict || depth == 0) return false;
  bool found = false;
  each_entry(value, [&](std::string_view key, const PickleValue* entry) {
    const bool is_wrapper = std::ranges::find(kWrappers, key) != kWrappers.end();
    found = found || (is_wrapper && leads_to_tensors(*entry, depth - 1));
  });
  return found;
}

struct Choice {
  std::string_view key;
  const PickleValue* dict = nullptr;
};

/// The nested dict to go on with.
Choice choose(const PickleValue& root) {
  std::vector<Choice> choices;
  std::vector<std::string> names;
  constexpr size_t kMostNamed = 8;
  each_entry(root, [&](std::string_view key, const PickleValue* entry) {
    if (!leads_to_tensors(*entry, kDeepestWrapping)) return;
    choices.push_back({key, entry});
    if (names.size() < kMostNamed) names.push_back(in_quotes(key));
  });
  for (const std::string_view wrapper : kWrappers) {
    const auto found = std::ranges::find(choices, wrapper, &Choice::key);
    if (found != choices.end()) return *found;
  }
  if (choices.empty()) fail_weights("holds no tensors by name, expected a state_dict");
  if (choices.size() > 1) {
    fail_weights("holds several sets of tensors (", join(names),
                 "), expected one, or one named params_ema, params or state_dict");
  }
  return choices.front();
}

void note_ignored(const PickleValue& dict, std::vector<std::string>& notes) {
  constexpr size_t kMostNamed = 4;
  std::vector<std::string> names;
  size_t ignored = dict.items.size() / 2;
  each_entry(dict, [&](std::string_view key, const PickleValue* entry) {
    if (entry->kind == Kind::kTensor) {
      --ignored;
    } else if (names.size() < kMostNamed) {
      names.push_back(in_quotes(key));
    }
  });
  if (ignored == 0) return;
  if (ignored > names.size()) names.emplace_back("...");
  notes.push_back(message("ignored ", ignored,
                          ignored == 1 ? " entry that is" : " entries that are",
                          " no tensor: ", join(names)));
}

}  // namespace

std::vector<std::pair<std::string, const PickleValue*>> find_state_dict(
    const PickleValue& root, std::vector<std::string>& notes) {
  const PickleValue* dict = &root;
  if (root.kind == Kind::kTensor) fail_weights("holds one tensor without a name, expected a dict");
  if (root.kind != Kind::kDict) fail_weights("holds no dict, expected a state_dict");
  for (int depth = 0; !has_tensors(*dict); ++depth) {
    if (depth > kDeepestWrapping) fail_weights("nests its tensors too deep");
    const Choice choice = choose(*dict);
    notes.push_back(message("took ", in_quotes(choice.key)));
    dict = choice.dict;
  }
  std::vector<std::pair<std::string, const PickleValue*>> tensors;
  std::unordered_set<std::string_view> seen;
  each_entry(*dict, [&](std::string_view key, const PickleValue* entry) {
    if (entry->kind != Kind::kTensor) return;
    if (!seen.insert(key).second) fail_weights("has two tensors named ", in_quotes(key));
    tensors.emplace_back(key, entry);
  });
  note_ignored(*dict, notes);
  return tensors;
}

void drop_common_prefixes(WeightFile& weights) {
  const auto all_begin_with = [&](std::string_view prefix) {
    return !weights.tensors.empty() && std::ranges::all_of(weights.tensors, [&](const auto& entry) {
      return entry.first.starts_with(prefix) && entry.first.size() > prefix.size();
    });
  };
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view prefix : kPrefixes) {
      if (!all_begin_with(prefix)) continue;
      for (auto& [name, tensor] : weights.tensors) name.erase(0, prefix.size());
      weights.notes.push_back(message("dropped the prefix ", in_quotes(prefix)));
      again = true;
    }
  }
}

}  // namespace solstice
