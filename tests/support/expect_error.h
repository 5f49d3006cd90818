#pragma once

#include <gtest/gtest.h>

#include <string>

#include "core/error.h"

namespace solstice::testing {

/// The message of the Error that `action` throws, or a line that says that it threw none.
template <class Action>
std::string error_of(Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "(no error)";
}

/// The error's message has this part.
template <class Action>
::testing::AssertionResult fails_with(const std::string& part, Action&& action) {
  const std::string found = error_of(action);
  if (found.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "found \"" << found << "\", expected \"" << part << "\"";
}

}  // namespace solstice::testing
