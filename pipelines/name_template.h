#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace solstice {

/// What the fields of a name stand for, for one file.
struct NameFields {
  std::string dir;    ///< {dir}: the folder of its place, "a/b"; empty at the top
  std::string stem;   ///< {stem}: its name without the extension
  std::string ext;    ///< {ext}: the extension of its result, with the dot
  std::string model;  ///< {model}: the model's short name
};

/// How results are called: `{stem}_{model}{ext}`. `{{` and `}}` stand for braces. Without {dir} a
/// result keeps its place in the tree; with it the template says the whole place.
class NameTemplate {
 public:
  static constexpr size_t kLongest = 1024;  ///< bytes of a template

  /// Throws Error(kUsage) for an unknown field (naming the nearest), an unbalanced brace, a NUL, a
  /// template that is empty, too long or absolute, or whose own text has a part "..".
  explicit NameTemplate(std::string_view text);

  /// The place of the result below the output folder, normalised. Throws Error(kUsage) when it
  /// would be none, or outside of the output folder: what fields stand for may hold dots and
  /// slashes.
  std::string expand(const NameFields& fields) const;

 private:
  struct Part {
    std::string text;                          ///< as it is
    std::string NameFields::*field = nullptr;  ///< or this field
  };

  std::string text_;
  std::vector<Part> parts_;
  bool has_dir_ = false;
};

}  // namespace solstice
