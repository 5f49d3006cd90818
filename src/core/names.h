#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace solstice {

/// One row of an enum's name table. The first row of a value is its written form; further rows of
/// the same value are accepted spellings.
template <class Enum>
struct Name {
  std::string_view name;
  Enum value;
};

/// The candidate nearest to `word` by edit distance, whatever its case, or empty when none is near
/// enough to be what was meant (more than a third of the letters differ).
std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

/// Of ASCII letters.
bool equal_but_for_case(std::string_view a, std::string_view b);

/// "a, b, c".
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

/// Removes ASCII white space at both ends.
std::string_view trim(std::string_view text);

}  // namespace solstice
