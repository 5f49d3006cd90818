#include "core/options_json.h"

#include "core/error.h"
#include "core/message.h"

namespace solstice {

nlohmann::ordered_json to_json(const std::vector<Field>& fields) {
  auto object = nlohmann::ordered_json::object();
  for (const Field& field : fields) {
    const std::string text = field.get();
    switch (field.kind) {
      case FieldKind::kSwitch:
        object[field.name] = text == "true";
        break;
      case FieldKind::kInteger:
        object[field.name] = std::stoll(text);
        break;
      case FieldKind::kReal:
        object[field.name] = std::stod(text);
        break;
      case FieldKind::kList:
        object[field.name] = option_text::parse_list(text);
        break;
      case FieldKind::kText:
      case FieldKind::kChoice:
        object[field.name] = text;
        break;
    }
  }
  return object;
}

void from_json(const std::vector<Field>& fields, const nlohmann::ordered_json& object) {
  if (!object.is_object()) throw Error(ErrorKind::kUsage, "expected a JSON object of options");
  for (const Field& field : fields) {
    const auto found = object.find(field.name);
    if (found == object.end()) continue;
    if (found->is_string()) {
      field.set(found->get<std::string>());
    } else if (found->is_array()) {
      std::vector<std::string> words;
      for (const auto& word : *found)
        words.push_back(word.is_string() ? word.get<std::string>() : word.dump());
      field.set(option_text::write_list(words));
    } else if (found->is_boolean() || found->is_number()) {
      field.set(found->dump());
    } else {
      throw Error(ErrorKind::kUsage, message("\"", field.name, "\": found ", found->type_name(),
                                             ", expected a value"));
    }
  }
}

}  // namespace solstice
