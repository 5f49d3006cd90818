#include "pipelines/name_template.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "core/error.h"
#include "core/log.h"
#include "core/message.h"
#include "core/names.h"
#include "pipelines/listing.h"

namespace solstice {
namespace {

namespace fs = std::filesystem;

struct FieldRow {
  std::string_view name;
  std::string NameFields::*field;
};
constexpr std::array<FieldRow, 4> kFields{{{"dir", &NameFields::dir},
                                           {"stem", &NameFields::stem},
                                           {"ext", &NameFields::ext},
                                           {"model", &NameFields::model}}};

[[noreturn]] void refuse(std::string_view text, const std::string& expected) {
  throw Error(ErrorKind::kUsage,
              message("--name: found \"", printable(std::string(text.substr(0, 200))),
                      "\", expected ", expected));
}

std::string NameFields::*field_of(std::string_view name, std::string_view text) {
  std::vector<std::string> known;
  for (const FieldRow& row : kFields) {
    if (row.name == name) return row.field;
    known.emplace_back(row.name);
  }
  const std::string nearest = nearest_name(name.substr(0, 64), known);
  refuse(text, message("the fields ", join(known), " in braces",
                       nearest.empty() ? "" : message(" (did you mean {", nearest, "}?)")));
}

/// A '/'-separated place without empty parts and "."; nothing when a part is "..".
std::string tidy(std::string_view place, bool& leaves) {
  std::string tidied;
  while (!place.empty()) {
    const size_t end = std::min(place.find('/'), place.size());
    const std::string_view part = place.substr(0, end);
    leaves = leaves || part == "..";
    if (!part.empty() && part != ".") tidied.append(tidied.empty() ? "" : "/").append(part);
    place.remove_prefix(std::min(end + 1, place.size()));
  }
  return tidied;
}

}  // namespace

NameTemplate::NameTemplate(std::string_view text) : text_(text) {
  if (text.empty() || text.size() > kLongest) {
    refuse(text, message("a name of 1 to ", kLongest, " bytes"));
  }
  if (text.find('\0') != std::string_view::npos) refuse(text, "no zero byte");
  if (text.front() == '/' || text.back() == '/') refuse(text, "a file below the output folder");
  bool leaves = false;
  tidy(text, leaves);
  if (leaves) refuse(text, "a place below the output folder, without \"..\"");
  std::string plain;
  for (size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c != '{' && c != '}') {
      plain += c;
    } else if (at + 1 < text.size() && text[at + 1] == c) {
      plain += c;
      ++at;
    } else {
      const size_t close = text.find('}', at);
      if (c == '}' || close == std::string_view::npos) {
        refuse(text, "a } for every {, and {{ or }} for a brace itself");
      }
      if (!plain.empty()) parts_.push_back({std::exchange(plain, {})});
      parts_.push_back({{}, field_of(text.substr(at + 1, close - at - 1), text)});
      has_dir_ = has_dir_ || parts_.back().field == &NameFields::dir;
      at = close;
    }
  }
  if (!plain.empty()) parts_.push_back({plain});
}

std::string NameTemplate::expand(const NameFields& fields) const {
  std::string place = has_dir_ ? "" : fields.dir + "/";
  for (const Part& part : parts_) place += part.field != nullptr ? fields.*part.field : part.text;
  bool leaves = place.ends_with('/');
  const std::string tidied = tidy(place, leaves);
  const std::string top = tidied.substr(0, tidied.find('/'));
  if (leaves || tidied.empty() || top == kStateFolder) {
    refuse(text_, message("a file below the output folder; for ", fields.stem, " it gives \"",
                          printable(place), "\""));
  }
  return tidied;
}

}  // namespace solstice
