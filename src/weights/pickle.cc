#include "weights/pickle.h"

#include <array>
#include <unordered_map>

#include "weights/byte_reader.h"
#include "weights/pickle_stack.h"

namespace solstice {
namespace {

using Kind = PickleValue::Kind;

struct Global {
  std::string_view module;
  std::string_view name;
  Kind kind;
};
constexpr std::array<Global, 4> kGlobals{{
    {"collections", "OrderedDict", Kind::kOrderedDictClass},
    {"torch._utils", "_rebuild_tensor", Kind::kRebuildTensor},
    {"torch._utils", "_rebuild_tensor_v2", Kind::kRebuildTensor},
    {"torch._utils", "_rebuild_parameter", Kind::kRebuildParameter},
}};

class Unpickler {
 public:
  Unpickler(std::string_view bytes, uint64_t begin) : reader_(bytes, begin) {}

  Pickle run() {
    if (reader_.number<uint8_t>("a pickle") != 0x80)
      fail_weights("has no pickle where one belongs");
    const int protocol = reader_.number<uint8_t>("a pickle");
    if (protocol != 2) fail_weights("is a pickle of protocol ", protocol, ", expected 2");
    for (char code = next(); code != '.'; code = next()) {
      if (!simple_value(code) && !container(code) && !memory(code) && !call(code)) {
        fail_weights("has the pickle opcode ", int{static_cast<unsigned char>(code)}, " at byte ",
                     reader_.position() - 1, ", which a weight file has no use for");
      }
    }
    return stack_.finish(reader_.position());
  }

 private:
  char next() {
    stack_.charge(1);
    return reader_.number<char>("a pickle");
  }

  void push_text(uint64_t length) {
    const std::string_view text = reader_.take(length, "a pickle's text");
    stack_.push(Kind::kText)->text = text;
  }

  bool simple_value(char code);
  bool container(char code);
  bool memory(char code);
  bool call(char code);
  void push_long();
  void push_tuple(size_t count);
  void fill_list(const std::vector<const PickleValue*>& items);
  void fill_dict(const std::vector<const PickleValue*>& items);
  void global();
  void persistent_id();
  void reduce();
  void reduce_ordered_dict(const PickleValue& arguments);

  ByteReader reader_;
  PickleStack stack_;
  std::unordered_map<uint32_t, PickleValue*> memo_;
};

bool Unpickler::simple_value(char code) {
  switch (code) {
    case 'N':
      stack_.push(Kind::kNone);
      return true;
    case '\x88':
    case '\x89':
      stack_.push_integer(code == '\x88' ? 1 : 0, Kind::kBoolean);
      return true;
    case 'J':
      stack_.push_integer(reader_.number<int32_t>("a pickle"));
      return true;
    case 'K':
      stack_.push_integer(reader_.number<uint8_t>("a pickle"));
      return true;
    case 'M':
      stack_.push_integer(reader_.number<uint16_t>("a pickle"));
      return true;
    case '\x8a':
      push_long();
      return true;
    case 'G':
      reader_.take(8, "a pickle");
      stack_.push(Kind::kReal);
      return true;
    case 'X':
    case 'T':
      push_text(reader_.number<uint32_t>("a pickle"));
      return true;
    case 'U':
      push_text(reader_.number<uint8_t>("a pickle"));
      return true;
    default:
      return false;
  }
}

bool Unpickler::container(char code) {
  switch (code) {
    case '(':
      stack_.mark();
      return true;
    case ')':
      stack_.push(Kind::kTuple);
      return true;
    case ']':
      stack_.push(Kind::kList);
      return true;
    case '}':
      stack_.push(Kind::kDict);
      return true;
    case 't': {
      auto items = stack_.pop_to_mark();
      stack_.push(Kind::kTuple)->items = std::move(items);
      return true;
    }
    case '\x85':
    case '\x86':
    case '\x87':
      push_tuple(static_cast<size_t>(code - '\x85') + 1);
      return true;
    case 'a':
      fill_list({stack_.pop()});
      return true;
    case 'e':
      fill_list(stack_.pop_to_mark());
      return true;
    case 's': {
      const PickleValue* value = stack_.pop();
      fill_dict({stack_.pop(), value});
      return true;
    }
    case 'u':
      fill_dict(stack_.pop_to_mark());
      return true;
    default:
      return false;
  }
}

bool Unpickler::memory(char code) {
  const bool puts = code == 'q' || code == 'r';
  if (!puts && code != 'h' && code != 'j') return false;
  const uint32_t id = code == 'q' || code == 'h' ? reader_.number<uint8_t>("a pickle")
                                                 : reader_.number<uint32_t>("a pickle");
  if (puts) {
    memo_[id] = stack_.top();
    return true;
  }
  const auto found = memo_.find(id);
  if (found == memo_.end()) fail_weights("has a pickle that recalls a value it never kept");
  stack_.push_again(found->second);
  return true;
}

bool Unpickler::call(char code) {
  switch (code) {
    case 'c':
      global();
      return true;
    case 'Q':
      persistent_id();
      return true;
    case 'R':
      reduce();
      return true;
    case 'b':
      // The state of an OrderedDict is its _metadata: version numbers nothing here depends on.
      stack_.pop();
      stack_.top_of_kind(Kind::kDict, "dict");
      return true;
    default:
      return false;
  }
}

void Unpickler::push_long() {
  const std::string_view digits =
      reader_.take(reader_.number<uint8_t>("a pickle"), "a pickle's number");
  if (digits.size() > sizeof(int64_t)) {
    stack_.push(Kind::kBigInteger)->text = digits;
    return;
  }
  const bool is_negative = !digits.empty() && (digits.back() & 0x80) != 0;
  int64_t value = is_negative ? -1 : 0;
  if (!digits.empty()) std::memcpy(&value, digits.data(), digits.size());
  stack_.push_integer(value);
}

void Unpickler::push_tuple(size_t count) {
  std::vector<const PickleValue*> items(count);
  for (size_t i = count; i-- > 0;) items[i] = stack_.pop();
  stack_.push(Kind::kTuple)->items = std::move(items);
}

void Unpickler::fill_list(const std::vector<const PickleValue*>& items) {
  auto& list = stack_.top_of_kind(Kind::kList, "list")->items;
  list.insert(list.end(), items.begin(), items.end());
}

void Unpickler::fill_dict(const std::vector<const PickleValue*>& items) {
  auto& dict = stack_.top_of_kind(Kind::kDict, "dict")->items;
  if (items.size() % 2 != 0) fail_weights("has a pickle with a key that has no value");
  dict.insert(dict.end(), items.begin(), items.end());
}

void Unpickler::global() {
  const std::string_view module = reader_.line("a pickle");
  const std::string_view name = reader_.line("a pickle");
  if (module == "torch" && name.ends_with("Storage")) {
    stack_.push(Kind::kStorageClass)->text = name;
    return;
  }
  for (const Global& row : kGlobals) {
    if (row.module != module || row.name != name) continue;
    stack_.push(row.kind);
    return;
  }
  fail_weights("refers to ", in_quotes(message(module, ".", name)),
               ", which a weight file has no business with");
}

void Unpickler::persistent_id() {
  const PickleValue* id = stack_.pop();
  const auto& items = id->items;
  const bool is_storage = id->kind == Kind::kTuple && items.size() >= 5 &&
                          items[0]->kind == Kind::kText && items[0]->text == "storage" &&
                          items[1]->kind == Kind::kStorageClass && items[2]->kind == Kind::kText &&
                          items[4]->kind == Kind::kInteger && items[4]->integer >= 0;
  if (!is_storage) fail_weights("has a persistent id that is no storage");
  stack_.charge(items.size());
  PickleValue* storage = stack_.push(Kind::kStorage);
  storage->items = items;
  stack_.note_storage(storage);
}

void Unpickler::reduce() {
  const PickleValue* arguments = stack_.pop();
  const Kind function = stack_.pop()->kind;
  if (arguments->kind != Kind::kTuple) fail_weights("has a call without arguments");
  stack_.charge(arguments->items.size());
  if (function == Kind::kOrderedDictClass) {
    reduce_ordered_dict(*arguments);
  } else if (function == Kind::kRebuildTensor) {
    stack_.push(Kind::kTensor)->items = arguments->items;
  } else if (function == Kind::kRebuildParameter) {
    if (arguments->items.empty() || arguments->items[0]->kind != Kind::kTensor) {
      fail_weights("has a parameter that is no tensor");
    }
    stack_.charge(arguments->items[0]->items.size());
    stack_.push(Kind::kTensor)->items = arguments->items[0]->items;
  } else {
    fail_weights("calls what is no function");
  }
}

/// OrderedDict() or, as Python 2 wrote it, OrderedDict([[key, value], ...]).
void Unpickler::reduce_ordered_dict(const PickleValue& arguments) {
  PickleValue* dict = stack_.push(Kind::kDict);
  if (arguments.items.empty()) return;
  const PickleValue* pairs = arguments.items[0];
  if (pairs->kind != Kind::kList) fail_weights("has an OrderedDict made of something else");
  stack_.charge(2 * pairs->items.size());
  for (const PickleValue* pair : pairs->items) {
    if ((pair->kind != Kind::kList && pair->kind != Kind::kTuple) || pair->items.size() != 2) {
      fail_weights("has an OrderedDict made of something other than pairs");
    }
    dict->items.insert(dict->items.end(), pair->items.begin(), pair->items.end());
  }
}

}  // namespace

Pickle read_pickle(std::string_view bytes, uint64_t begin) { return Unpickler(bytes, begin).run(); }

}  // namespace solstice
