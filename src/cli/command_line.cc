#include "cli/command_line.h"

#include <algorithm>
#include <boost/program_options.hpp>
#include <cctype>
#include <set>
#include <sstream>

#include "cli/aliases.h"
#include "cli/environment.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"

namespace solstice {
namespace {

namespace po = boost::program_options;

const Field* find_field(const std::vector<Field>& fields, const std::string& name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

[[noreturn]] void unknown(const std::vector<Field>& fields, const std::string& origin,
                          const std::string& shown, const std::string& name) {
  std::vector<std::string> names{"help"};
  for (const Field& field : fields) names.push_back(field.name);
  const std::string nearest = nearest_name(name, names);
  const std::string dashes = shown.starts_with("--") ? "--" : "";
  throw Error(ErrorKind::kUsage,
              message(origin, "unknown option ", shown,
                      nearest.empty() ? "" : message(" (did you mean ", dashes, nearest, "?)")));
}

struct Token {
  std::string name;
  bool has_value = false;
  std::string value;
};

Token split(const std::string& argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string::npos) return {argument.substr(2), false, {}};
  return {argument.substr(2, equals - 2), true, argument.substr(equals + 1)};
}

/// A reference spelling becomes ours; says so on stderr, once each.
void resolve_alias(Token& token, const std::vector<Field>& fields) {
  if (find_field(fields, token.name) != nullptr) return;
  for (const Alias& alias : aliases()) {
    const std::string name(alias.name);
    if (alias.reference != token.name || find_field(fields, name) == nullptr) continue;
    static std::set<std::string> told;
    const std::string modern = message("--", name, alias.value.empty() ? "" : "=", alias.value);
    if (told.insert(token.name).second) {
      log_info(message("--", token.name, " is called ", modern, " here"));
    }
    token.name = name;
    if (!alias.value.empty() && !token.has_value) {
      token.has_value = true;
      token.value = alias.value;
    }
    return;
  }
}

/// "-1", "-0.5": a value, though it begins as a flag does.
bool is_negative_number(const std::string& argument) {
  return argument[0] == '-' && (std::isdigit(argument[1]) != 0 || argument[1] == '.');
}

bool awaits_value(const std::string& flag) {
  return flag.starts_with("--") && flag.find('=') == std::string::npos;
}

/// Brings every way to write a flag into one that Boost takes: aliases resolved, `--no-x` and
/// `--x` of a switch as `--x=false` and `--x=true`, `-h` and `-q` written out.
std::vector<std::string> normalise(const std::vector<std::string>& arguments,
                                   const std::vector<Field>& fields, bool& help) {
  std::vector<std::string> plain;
  bool only_positional = false;
  for (const std::string& argument : arguments) {
    if (only_positional || argument.size() < 2 || argument[0] != '-') {
      plain.push_back(argument);
      continue;
    }
    if (argument == "--") {
      only_positional = true;
      plain.push_back(argument);
      continue;
    }
    if (argument == "-h" || argument == "--help") {
      help = true;
      continue;
    }
    if (is_negative_number(argument) && !plain.empty() && awaits_value(plain.back())) {
      plain.back() += "=" + argument;
      continue;
    }
    if (argument[1] != '-') unknown(fields, "", argument, argument.substr(1));
    Token token = split(argument);
    resolve_alias(token, fields);
    const Field* field = find_field(fields, token.name);
    if (field == nullptr && token.name.starts_with("no-") && !token.has_value) {
      field = find_field(fields, token.name.substr(3));
      if (field != nullptr && field->kind == FieldKind::kSwitch) {
        token = {field->name, true, "false"};
      } else {
        field = nullptr;
      }
    }
    if (field == nullptr) unknown(fields, "", "--" + token.name, token.name);
    if (field->kind == FieldKind::kSwitch && !token.has_value) token = {token.name, true, "true"};
    plain.push_back(token.has_value ? message("--", token.name, "=", token.value)
                                    : "--" + token.name);
  }
  return plain;
}

/// A comment begins with '#' at the start of a line or after white space.
std::string_view without_comment(std::string_view line) {
  for (size_t i = 0; i < line.size(); ++i) {
    const bool begins = i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t';
    if (line[i] == '#' && begins) return trim(line.substr(0, i));
  }
  return trim(line);
}

fs::path shipped_recipe(const std::string& name) {
  return find_shipped(fs::path("recipes") / (name + ".ini"));
}

/// A trainer that is named without a recipe begins with its published settings: the recipe of its
/// name. Empty when there is none.
std::string recipe_of_trainer(std::string trainer) {
  std::erase(trainer, '_');
  return !trainer.empty() && !shipped_recipe(trainer).empty() ? trainer : std::string();
}

/// A run's own options.ini does: what its recipe said stands in it.
bool names_every_option(const std::vector<Field>& fields, const KeyValues& values) {
  GlobalOptions global;
  const std::vector<Field> not_in_a_run = fields_of(global);
  return std::all_of(fields.begin(), fields.end(), [&](const Field& field) {
    return values.contains(field.name) || find_field(not_in_a_run, field.name) != nullptr;
  });
}

}  // namespace

TypedArguments parse_arguments(const std::vector<std::string>& arguments,
                               const std::vector<Field>& fields) {
  TypedArguments typed;
  po::options_description described;
  for (const Field& field : fields) {
    described.add_options()(field.name.c_str(), po::value<std::vector<std::string>>());
  }
  described.add_options()("positional argument", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("positional argument", -1);
  const auto plain = normalise(arguments, fields, typed.help);
  try {
    constexpr int kStyle = po::command_line_style::allow_long |
                           po::command_line_style::long_allow_next |
                           po::command_line_style::long_allow_adjacent;
    const auto parsed = po::command_line_parser(plain)
                            .options(described)
                            .positional(positional)
                            .style(kStyle)
                            .run();
    for (const auto& option : parsed.options) {
      if (option.position_key >= 0 && option.string_key == "positional argument") {
        typed.positional.insert(typed.positional.end(), option.value.begin(), option.value.end());
        continue;
      }
      const Field* field = find_field(fields, option.string_key);
      std::string& value = typed.flags[option.string_key];
      const std::string given = option.value.empty() ? "" : option.value.back();
      // A list given twice is one list; of anything else the last one counts.
      const bool more = field->kind == FieldKind::kList && !value.empty();
      value = more ? value + "," + given : given;
    }
  } catch (const po::invalid_command_line_syntax& error) {
    throw Error(ErrorKind::kUsage, message(error.get_option_name(), ": a value is missing"));
  } catch (const po::error& error) {
    throw Error(ErrorKind::kUsage, error.what());
  }
  return typed;
}

KeyValues read_config(const std::string& path) {
  // Not Boost's reader: it takes every '#' for a comment, also the one in a folder's name.
  std::istringstream text(read_file(path, 1 << 20));
  KeyValues values;
  int64_t number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    const std::string_view content = without_comment(line);
    if (content.empty()) continue;
    const size_t equals = content.find('=');
    if (equals == std::string_view::npos || trim(content.substr(0, equals)).empty()) {
      throw Error(ErrorKind::kUsage, message(path, ":", number, ": found \"", content,
                                             "\", expected \"key = value\""));
    }
    values[std::string(trim(content.substr(0, equals)))] = trim(content.substr(equals + 1));
  }
  return values;
}

void apply(const std::vector<Field>& fields, const KeyValues& values, const std::string& origin) {
  for (const auto& [key, value] : values) {
    const Field* field = find_field(fields, key);
    if (field == nullptr) unknown(fields, origin + ": ", key, key);
    try {
      field->set(value);
    } catch (const Error& error) {
      throw Error(error.kind(), origin.empty() ? error.what() : origin + ": " + error.what());
    }
  }
}

std::string find_recipe(const std::string& name) {
  if (fs::is_regular_file(name)) return name;
  if (const fs::path shipped = shipped_recipe(name); !shipped.empty()) return shipped.string();
  const std::vector<std::string> known = shipped_names("recipes", ".ini");
  const std::string near = nearest_name(name, known);
  throw Error(ErrorKind::kUsage, message("--recipe ", name, ": no such recipe or file",
                                         near.empty() ? "" : message(" (did you mean ", near, "?)"),
                                         "; known are ", known.empty() ? "none" : join(known)));
}

void apply_in_order(const std::vector<Field>& fields, const TypedArguments& typed,
                    const KeyValues& base, const std::string& base_origin) {
  const KeyValues environment = read_environment(fields);
  const auto early = [&](const std::string& name) -> std::string {
    if (const auto flag = typed.flags.find(name); flag != typed.flags.end()) return flag->second;
    const auto variable = environment.find(name);
    return variable != environment.end() ? variable->second : "";
  };
  const std::string config = early("config");
  const KeyValues configured = config.empty() ? KeyValues{} : read_config(config);
  const bool takes_recipe = find_field(fields, "recipe") != nullptr;
  std::string recipe = takes_recipe ? early("recipe") : "";
  if (takes_recipe && recipe.empty() && configured.contains("recipe") &&
      !names_every_option(fields, configured)) {
    recipe = configured.at("recipe");
  }
  if (recipe.empty() && find_field(fields, "trainer") != nullptr) {
    const auto named = configured.find("trainer");
    const std::string trainer = early("trainer");
    recipe =
        recipe_of_trainer(trainer.empty() && named != configured.end() ? named->second : trainer);
  }
  // A resumed run's own options hold what its recipe said already.
  if (!recipe.empty() && base.empty()) {
    const std::string path = find_recipe(recipe);
    apply(fields, read_config(path), "recipe " + path);
  }
  apply(fields, base, base_origin);
  apply(fields, configured, config);
  for (const auto& [name, value] : environment) {
    apply(fields, {{name, value}}, "environment " + variable_of(name));
  }
  apply(fields, typed.flags, "");
}

std::vector<std::string> begin_command(const std::vector<std::string>& arguments,
                                       const std::vector<Field>& fields,
                                       const GlobalOptions& global) {
  TypedArguments typed = parse_arguments(arguments, fields);
  apply_in_order(fields, typed, {}, "");
  set_log_level(global.quiet ? LogLevel::kQuiet : LogLevel::kNormal);
  return std::move(typed.positional);
}

}  // namespace solstice
