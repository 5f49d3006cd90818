#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/names.h"

namespace solstice {

/// Options are plain structs with defaults. Beneath its members each has one
///
///   template <class Self, class Visit>
///   static void fields(Self& self, Visit&& visit) {
///     visit("ngf", self.base_filters, "filters at the widest resolution", Range{1, 1024});
///   }
///
/// which names every field once. Flags, help, environment, `options.ini`, the metadata of a model
/// and the README test all read that; nothing else repeats a name. A struct made of others calls
/// their fields(). An enum is a field when `name_table(Enum)` (found by argument-dependent lookup)
/// returns a span of Name<Enum>.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

/// A number of bytes, written as 1500000, 512K, 64M or 4G (powers of 1024).
struct ByteSize {
  int64_t bytes = 0;
  bool operator==(const ByteSize&) const = default;
};

enum class FieldKind { kSwitch, kInteger, kReal, kText, kList, kChoice };

/// One field of an options struct, with its type erased. Holds a pointer into the struct it was
/// made from and must not outlive it.
struct Field {
  std::string name;  ///< flag `--name`, key `name`, environment `SOLSTICE_NAME`
  FieldKind kind;
  std::string help;
  std::vector<std::string> choices;             ///< of a kChoice
  std::function<std::string()> get;             ///< the text form, as options.ini writes it
  std::function<void(const std::string&)> set;  ///< throws Error(kUsage): flag, found, expected
};

namespace option_text {
/// Each throws Error(kUsage) naming the flag, what was found and what was expected.
bool parse_bool(const std::string& flag, const std::string& text);
int64_t parse_integer(const std::string& flag, const std::string& text, Range range);
double parse_real(const std::string& flag, const std::string& text, Range range);
ByteSize parse_bytes(const std::string& flag, const std::string& text);
std::vector<std::string> parse_list(const std::string& text);
[[noreturn]] void bad_choice(const std::string& flag, const std::string& found,
                             const std::vector<std::string>& choices);

/// The shortest text that reads back as the same double.
std::string write_real(double value);
std::string write_bytes(ByteSize size);
std::string write_list(const std::vector<std::string>& words);
}  // namespace option_text

/// The written name of an enum value that has a name table.
template <class Enum>
requires std::is_enum_v<Enum> std::string name_of(Enum value) {
  for (const auto& row : name_table(Enum{})) {
    if (row.value == value) return std::string(row.name);
  }
  return "?";
}

/// The enum value of a name in any case; throws Error(kUsage) that lists the names.
template <class Enum>
requires std::is_enum_v<Enum> Enum value_of(const std::string& flag, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& row : name_table(Enum{})) {
    if (equal_but_for_case(row.name, name)) return row.value;
    names.emplace_back(row.name);
  }
  option_text::bad_choice(flag, name, names);
}

/// The visitor that turns fields() into a list of Field.
class FieldCollector {
 public:
  template <class T>
  void operator()(const char* name, T& value, const char* help, Range range = {}) {
    Field field{name, kind_of<T>(), help, {}, nullptr, nullptr};
    T* target = &value;
    const std::string flag = "--" + field.name;
    if constexpr (std::is_enum_v<T>) {
      for (const auto& row : name_table(T{})) field.choices.emplace_back(row.name);
      field.get = [target] { return name_of(*target); };
      field.set = [=](const std::string& text) { *target = value_of<T>(flag, text); };
    } else if constexpr (std::is_same_v<T, bool>) {
      field.get = [target] { return std::string(*target ? "true" : "false"); };
      field.set = [=](const std::string& text) { *target = option_text::parse_bool(flag, text); };
    } else if constexpr (std::is_same_v<T, int64_t>) {
      field.get = [target] { return std::to_string(*target); };
      field.set = [=](const std::string& text) {
        *target = option_text::parse_integer(flag, text, range);
      };
    } else if constexpr (std::is_same_v<T, double>) {
      field.get = [target] { return option_text::write_real(*target); };
      field.set = [=](const std::string& text) {
        *target = option_text::parse_real(flag, text, range);
      };
    } else if constexpr (std::is_same_v<T, ByteSize>) {
      field.get = [target] { return option_text::write_bytes(*target); };
      field.set = [=](const std::string& text) { *target = option_text::parse_bytes(flag, text); };
    } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
      field.get = [target] { return option_text::write_list(*target); };
      field.set = [=](const std::string& text) { *target = option_text::parse_list(text); };
    } else {
      static_assert(std::is_same_v<T, std::string>, "no option of this type");
      field.get = [target] { return *target; };
      field.set = [=](const std::string& text) { *target = text; };
    }
    fields_.push_back(std::move(field));
  }

  std::vector<Field> take() { return std::move(fields_); }

 private:
  template <class T>
  static constexpr FieldKind kind_of() {
    if (std::is_enum_v<T>) return FieldKind::kChoice;
    if (std::is_same_v<T, bool>) return FieldKind::kSwitch;
    if (std::is_same_v<T, int64_t>) return FieldKind::kInteger;
    if (std::is_same_v<T, double>) return FieldKind::kReal;
    if (std::is_same_v<T, std::vector<std::string>>) return FieldKind::kList;
    return FieldKind::kText;
  }

  std::vector<Field> fields_;
};

/// Every field of `options`, in the order of its fields().
template <class Options>
std::vector<Field> fields_of(Options& options) {
  FieldCollector collector;
  Options::fields(options, collector);
  return collector.take();
}

/// "key = value" lines in field order, each after its help as a comment: the form of options.ini.
std::string write_ini(const std::vector<Field>& fields);

}  // namespace solstice
