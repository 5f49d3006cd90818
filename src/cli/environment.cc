#include "cli/environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "cli/cli.h"
#include "core/log.h"
#include "core/message.h"
#include "core/names.h"

namespace solstice {
namespace {

constexpr std::string_view kPrefix = "SOLSTICE_";

/// What scripts and tests of the project read.
constexpr std::array<std::string_view, 3> kOfScripts{"SOLSTICE_PRESET", "SOLSTICE_PACKAGES",
                                                     "SOLSTICE_TORCH_PYTHON"};
constexpr std::string_view kOfTests = "SOLSTICE_TEST_";

}  // namespace

std::string variable_of(const std::string& option) {
  std::string variable(kPrefix);
  for (const char c : option) {
    variable += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  }
  return variable;
}

KeyValues read_environment(const std::vector<Field>& fields) {
  KeyValues values;
  for (const Field& field : fields) {
    const char* value = std::getenv(variable_of(field.name).c_str());
    if (value != nullptr) values[field.name] = value;
  }
  return values;
}

void warn_of_unknown_variables() {
  std::vector<std::string> known(kOfScripts.begin(), kOfScripts.end());
  for (const Command& command : commands()) {
    for (const Field& field : command.options()) known.push_back(variable_of(field.name));
  }
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string name(text.substr(0, text.find('=')));
    if (!name.starts_with(kPrefix) || name.starts_with(kOfTests)) continue;
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    // Of the key alone: the prefix would make any two names near.
    std::vector<std::string> keys;
    for (const std::string& other : known) keys.push_back(other.substr(kPrefix.size()));
    const std::string nearest = nearest_name(name.substr(kPrefix.size()), keys);
    log_warning(message("environment ", name, " is no option of any command",
                        nearest.empty() ? "" : message(" (did you mean ", kPrefix, nearest, "?)")));
  }
}

}  // namespace solstice
