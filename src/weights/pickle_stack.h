#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "weights/failure.h"
#include "weights/pickle.h"

namespace solstice {

/// The stack that the opcodes of a pickle work on, and the owner of all values they make. Whatever
/// the opcodes ask for, nothing outside the stack is touched and the steps stay bounded: misuse
/// throws Error(kWeights).
class PickleStack {
 public:
  /// Counts steps: opcodes, and values copied by one. A generator has a hundred tensors of about
  /// forty steps each; the bound is enough for 50,000 tensors.
  void charge(uint64_t steps) {
    constexpr uint64_t kMostSteps = 2'000'000;
    steps_ += steps;
    if (steps_ > kMostSteps) {
      fail_weights("has a pickle of more than ", kMostSteps,
                   " steps, no weight file needs so many");
    }
  }

  PickleValue* push(PickleValue::Kind kind) {
    PickleValue* value = &pickle_.values.emplace_back();
    value->kind = kind;
    stack_.push_back(value);
    return value;
  }

  void push_integer(int64_t integer, PickleValue::Kind kind = PickleValue::Kind::kInteger) {
    push(kind)->integer = integer;
  }

  /// A value that push() made before.
  void push_again(PickleValue* value) { stack_.push_back(value); }

  void mark() { marks_.push_back(stack_.size()); }

  /// The value at the top; those below the last mark are out of reach, as in Python.
  PickleValue* top() {
    const size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) fail_weights("has a pickle that takes a value it never made");
    return stack_.back();
  }

  PickleValue* pop() {
    PickleValue* value = top();
    stack_.pop_back();
    return value;
  }

  /// What was pushed since the last mark.
  std::vector<const PickleValue*> pop_to_mark() {
    if (marks_.empty()) fail_weights("has a pickle that takes a mark it never made");
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const PickleValue*> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return items;
  }

  PickleValue* top_of_kind(PickleValue::Kind kind, const char* name) {
    PickleValue* value = top();
    if (value->kind != kind) fail_weights("has a pickle that fills a ", name, " which is none");
    return value;
  }

  void note_storage(const PickleValue* storage) { pickle_.storages.push_back(storage); }

  /// The pickle, whose root is the one value left.
  Pickle finish(uint64_t end) {
    if (stack_.size() != 1 || !marks_.empty()) fail_weights("has a pickle that ends half way");
    pickle_.root = stack_.back();
    pickle_.end = end;
    return std::move(pickle_);
  }

 private:
  Pickle pickle_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;
  uint64_t steps_ = 0;
};

}  // namespace solstice
