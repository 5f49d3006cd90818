#include "weights/safetensors_header.h"

#include <nlohmann/json.hpp>
#include <unordered_set>

#include "weights/failure.h"

namespace solstice {
namespace {

constexpr std::string_view kMetadata = "__metadata__";
constexpr size_t kMostSizes = 64;  // as in elements.cc

class HeaderReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool number_integer(number_integer_t) override { unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) override { unexpected("a fraction"); }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (!in_array_) unexpected("a number");
    const bool is_shape = field_ == "shape";
    if (numbers_.size() == (is_shape ? kMostSizes : 2)) unexpected("too many numbers");
    if (is_shape && value > INT64_MAX) unexpected("a size that overflows");
    numbers_.push_back(value);
    return true;
  }

  bool string(string_t& value) override {
    if (level_ != 2 || in_array_) unexpected("text");
    if (in_metadata_) {
      if (!header_.metadata.emplace(field_, value).second) unexpected("the same key twice");
    } else if (field_ == "dtype") {
      entry_.element = value;
      set(kDtype);
    } else {
      unexpected("text");
    }
    return true;
  }

  bool start_object(size_t) override {
    if (level_ == 2 || in_array_) unexpected("an object");
    ++level_;
    return true;
  }

  bool key(string_t& name) override {
    if (level_ == 2) {
      field_ = name;
      return true;
    }
    if (!names_.insert(name).second) fail_weights("has two tensors named ", in_quotes(name));
    field_.clear();
    in_metadata_ = name == kMetadata;
    entry_ = {};
    entry_.name = name;
    seen_ = 0;
    return true;
  }

  bool end_object() override {
    if (--level_ == 1 && !in_metadata_) {
      if (seen_ != (kDtype | kShape | kOffsets)) {
        fail_weights("tensor ", in_quotes(entry_.name), " lacks its dtype, shape or data_offsets");
      }
      header_.entries.push_back(std::move(entry_));
    }
    return true;
  }

  bool start_array(size_t) override {
    if (level_ != 2 || in_array_ || in_metadata_ ||
        (field_ != "shape" && field_ != "data_offsets")) {
      unexpected("a list");
    }
    in_array_ = true;
    numbers_.clear();
    return true;
  }

  bool end_array() override {
    in_array_ = false;
    if (field_ == "shape") {
      entry_.sizes.assign(numbers_.begin(), numbers_.end());
      set(kShape);
      return true;
    }
    if (numbers_.size() != 2) unexpected("other than two data_offsets");
    entry_.begin = numbers_[0];
    entry_.end = numbers_[1];
    set(kOffsets);
    return true;
  }

  bool parse_error(size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    fail_weights("has a header that is no valid JSON (byte ", position, ")");
  }

 private:
  enum Field : unsigned { kDtype = 1, kShape = 2, kOffsets = 4 };

  void set(Field field) {
    if ((seen_ & field) != 0) unexpected("the same field twice");
    seen_ |= field;
  }

  [[noreturn]] void unexpected(const char* what) const {
    fail_weights("has a header with ", what, " where none belongs",
                 entry_.name.empty() ? "" : " (in " + in_quotes(entry_.name) + ")");
  }

  SafetensorsHeader header_;
  SafetensorsEntry entry_;
  std::unordered_set<std::string> names_;
  std::string field_;
  std::vector<uint64_t> numbers_;
  unsigned seen_ = 0;
  int level_ = 0;
  bool in_metadata_ = false;
  bool in_array_ = false;
};

}  // namespace

SafetensorsHeader read_safetensors_header(std::string_view json) {
  HeaderReader reader;
  nlohmann::json::sax_parse(json, &reader);
  return reader.take();
}

}  // namespace solstice
