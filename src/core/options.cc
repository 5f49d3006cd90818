#include "core/options.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace option_text {
namespace {

[[noreturn]] void bad_value(const std::string& flag, const std::string& found,
                            const std::string& expected) {
  throw Error(ErrorKind::kUsage, message(flag, ": found \"", found, "\", expected ", expected));
}

std::string describe(const char* noun, Range range) {
  const bool low = std::isfinite(range.low);
  const bool high = std::isfinite(range.high);
  if (low && high) return message(noun, " from ", range.low, " to ", range.high);
  if (low) return message(noun, ", at least ", range.low);
  if (high) return message(noun, ", at most ", range.high);
  return noun;
}

}  // namespace

bool parse_bool(const std::string& flag, const std::string& text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  bad_value(flag, text, "true or false");
}

int64_t parse_integer(const std::string& flag, const std::string& text, Range range) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  const bool inside =
      static_cast<double>(value) >= range.low && static_cast<double>(value) <= range.high;
  if (code != std::errc() || stop != end || !inside) {
    bad_value(flag, text, describe("a whole number", range));
  }
  return value;
}

double parse_real(const std::string& flag, const std::string& text, Range range) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  if (code != std::errc() || stop != end || !std::isfinite(value) || value < range.low ||
      value > range.high) {
    bad_value(flag, text, describe("a number", range));
  }
  return value;
}

ByteSize parse_bytes(const std::string& flag, const std::string& text) {
  constexpr const char* kExpected = "a size such as 1500000, 512K, 64M or 4G";
  std::string digits = text;
  int shift = 0;
  if (!digits.empty() && (digits.back() == 'B' || digits.back() == 'b')) digits.pop_back();
  if (!digits.empty() && (digits.back() == 'i')) digits.pop_back();
  if (!digits.empty()) {
    const std::string_view units = "kKmMgGtT";
    const size_t unit = units.find(digits.back());
    if (unit != std::string_view::npos) {
      shift = 10 * (static_cast<int>(unit) / 2 + 1);
      digits.pop_back();
    }
  }
  double value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, code] = std::from_chars(digits.data(), end, value);
  const double bytes = std::ldexp(value, shift);
  if (code != std::errc() || stop != end || !(bytes >= 0 && bytes <= 9e15)) {
    bad_value(flag, text, kExpected);
  }
  return {static_cast<int64_t>(bytes)};
}

std::vector<std::string> parse_list(const std::string& text) {
  std::vector<std::string> words;
  size_t begin = 0;
  while (begin <= text.size()) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    const std::string_view word = trim(std::string_view(text).substr(begin, comma - begin));
    if (!word.empty()) words.emplace_back(word);
    begin = comma + 1;
  }
  return words;
}

void bad_choice(const std::string& flag, const std::string& found,
                const std::vector<std::string>& choices) {
  const std::string nearest = nearest_name(found, choices);
  throw Error(ErrorKind::kUsage,
              message(flag, ": found \"", found, "\", expected one of ", join(choices),
                      nearest.empty() ? "" : " (did you mean \"" + nearest + "\"?)"));
}

std::string write_real(double value) {
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), result.ptr};
}

std::string write_bytes(ByteSize size) {
  constexpr std::string_view kUnits = "KMGT";
  int64_t value = size.bytes;
  size_t unit = 0;
  while (value != 0 && value % 1024 == 0 && unit < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return std::to_string(value) + (unit == 0 ? "" : std::string(1, kUnits[unit - 1]));
}

std::string write_list(const std::vector<std::string>& words) { return join(words, ","); }

}  // namespace option_text

std::string write_ini(const std::vector<Field>& fields) {
  std::string text;
  for (const Field& field : fields) {
    text += "# " + field.help + "\n" + field.name + " = " + field.get() + "\n";
  }
  return text;
}

}  // namespace solstice
