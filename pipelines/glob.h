#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace solstice {

/// A pattern of paths, as in a shell or a .gitignore: `*` any characters but '/', `?` one of them,
/// `[a-z]` and `[!a-z]` one of a set, `**` any characters, `**/` any folders or none, `\` takes the
/// next character as it is. A pattern without '/' is matched against the file's name, any other
/// against the whole relative path; one that ends in '/' means everything below the folders it
/// matches. Characters are UTF-8's (bytes that are none stand for themselves); case counts.
class Glob {
 public:
  static constexpr size_t kLongest = 4096;  ///< bytes of a pattern

  /// Throws Error(kUsage) that begins with `flag` for an empty or too long pattern or an open set.
  Glob(const std::string& flag, const std::string& pattern);

  /// In time proportional to pattern times path, whatever they are.
  bool matches(std::string_view relative) const;

 private:
  enum class Kind { kCharacter, kAny, kSet, kStar, kAnything, kFolders };
  struct Span {
    char32_t low, high;
  };
  struct Token {
    Kind kind;
    char32_t character = 0;
    bool negated = false;
    std::vector<Span> set = {};
  };

  static Token read_set(const std::u32string& pattern, size_t& at, const std::string& complaint);
  static bool accepts(const Token& token, char32_t character);
  void enter(size_t state, bool at_folder, std::vector<uint8_t>& states) const;

  std::vector<Token> tokens_;
  bool name_only_ = false;
};

}  // namespace solstice
