#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace solstice::testing {

/// The folder of real images, weights and reference fixtures that lies beside a developer's
/// checkout (or where SOLSTICE_TEST_DATA says). Tests that need it skip, with this reason,
/// elsewhere.
inline std::filesystem::path shared_data() {
  const char* elsewhere = std::getenv("SOLSTICE_TEST_DATA");
  return elsewhere != nullptr ? elsewhere : SOLSTICE_SHARED_DATA;
}

}  // namespace solstice::testing

#define SKIP_WITHOUT_SHARED_DATA(part)                                             \
  if (!std::filesystem::exists(solstice::testing::shared_data() / (part)))         \
  GTEST_SKIP() << "needs " << (solstice::testing::shared_data() / (part)).string() \
               << ", which is not part of the project (set SOLSTICE_TEST_DATA)"
