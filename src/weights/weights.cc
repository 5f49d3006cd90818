#include "weights/weights.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <array>
#include <new>
#include <span>

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"
#include "core/names.h"
#include "weights/safetensors.h"
#include "weights/torch_legacy.h"
#include "weights/torch_zip.h"
#include "weights/unwrap.h"

namespace solstice {
namespace {

[[noreturn]] void fail_file(const std::string& name, const std::string& what) {
  throw Error(ErrorKind::kWeights, message(printable(name), ": ", what));
}

/// What lies where weights were expected often enough to be told by name.
std::string guess_foreign(std::string_view bytes) {
  if (bytes.empty()) return "is empty";
  if (bytes.starts_with("version https://git-lfs")) return "is a Git LFS pointer, not the file";
  if (bytes.starts_with("<!DOCTYPE") || bytes.starts_with("<html")) return "is a web page";
  const std::string_view head = bytes.substr(0, 8);
  const auto* first = reinterpret_cast<const unsigned char*>(head.data());
  return message("is not a weight file of a known format (it begins with the bytes ",
                 to_hex({first, head.size()}), ")");
}

std::string known_formats() {
  std::vector<std::string> names;
  for (const WeightFormatRow& row : weight_formats()) {
    names.push_back(message(row.name, " (", row.summary, ")"));
  }
  return join(names);
}

}  // namespace

std::span<const WeightFormatRow> weight_formats() {
  static const std::array<WeightFormatRow, 3> kFormats{
      {// First: the header's length may begin with the two bytes of a pickle, but no pickle of
       // torch.save and no zip file has a brace after eight.
       {"safetensors",
        "tensors behind a JSON header",
        {".safetensors"},
        is_safetensors,
        read_safetensors,
        write_safetensors},
       {"pth",
        "zip file of torch.save",
        {".pth", ".pt"},
        is_torch_zip,
        read_torch_zip,
        write_torch_zip},
       {"pth-legacy",
        "torch.save before PyTorch 1.6, read only",
        {},
        is_torch_legacy,
        read_torch_legacy,
        nullptr}}};
  return kFormats;
}

const WeightFormatRow& weight_format_to_write(const std::string& path) {
  const std::string extension = lower_extension(path);
  std::vector<std::string> known;
  for (const WeightFormatRow& row : weight_formats()) {
    if (row.write == nullptr) continue;
    for (const std::string_view candidate : row.extensions) {
      if (candidate == extension) return row;
      known.emplace_back(candidate);
    }
  }
  fail_file(path, message("cannot be written: the extension \"", printable(extension),
                          "\" means no weight format, expected one of ", join(known)));
}

WeightFile read_weights(std::string_view bytes, const std::string& name) {
  const auto formats = weight_formats();
  const auto row =
      std::ranges::find_if(formats, [&](const auto& format) { return format.matches(bytes); });
  if (row == formats.end()) {
    fail_file(name, message(guess_foreign(bytes), ", expected ", known_formats()));
  }
  try {
    WeightFile weights = row->read(bytes);
    weights.format = row->name;
    drop_common_prefixes(weights);
    return weights;
  } catch (const Error& error) {
    fail_file(name, error.what());
  } catch (const c10::Error& error) {
    fail_file(name, error.what_without_backtrace());
  } catch (const std::bad_alloc&) {
    fail_file(name, "needs more memory than there is");
  }
}

WeightFile load_weights(const std::string& path) {
  std::string bytes;
  try {
    bytes = read_file(path);
  } catch (const Error& error) {
    throw Error(ErrorKind::kWeights, error.what());
  }
  return read_weights(bytes, path);
}

void save_weights(const std::string& path, const WeightFile& weights) {
  const WeightFormatRow& row = weight_format_to_write(path);
  std::string bytes;
  try {
    bytes = row.write(weights);
  } catch (const Error& error) {
    fail_file(path, error.what());
  }
  write_file_atomically(path, bytes);
}

}  // namespace solstice
