#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace solstice {

/// Tensors by name, in the order of the file. Contiguous, on the CPU, in the file's own type: one
/// of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL.
using TensorList = std::vector<std::pair<std::string, at::Tensor>>;

/// What a weight file holds.
struct WeightFile {
  TensorList tensors;
  std::map<std::string, std::string> metadata;  ///< safetensors' __metadata__; empty for .pth
  std::string format;                           ///< the table's name of the format it was read from
  std::vector<std::string> notes;  ///< what was unwrapped or left out: "took \"params_ema\""
};

/// One row a format; adding one is a file and a row.
struct WeightFormatRow {
  std::string_view name;  ///< "safetensors", "pth" (zip), "pth-legacy"
  std::string_view summary;
  std::vector<std::string_view> extensions;         ///< that mean this format when writing
  bool (*matches)(std::string_view bytes);          ///< by the first bytes, never by extension
  WeightFile (*read)(std::string_view bytes);       ///< throws Error(kWeights), no file name
  std::string (*write)(const WeightFile& weights);  ///< null: read only
};
std::span<const WeightFormatRow> weight_formats();

/// The row that writes files with the extension of `path`; throws Error(kWeights) listing them.
const WeightFormatRow& weight_format_to_write(const std::string& path);

/// Reads a file of any format of the table; what it is, its bytes say. Hostile files get an
/// Error(kWeights) that names the file, never undefined behaviour or unbounded memory. Nested dicts
/// (`params_ema`, `params`, `state_dict`) are unwrapped, `module.` and `_orig_mod.` prefixes that
/// every name carries are dropped, device tags are ignored; `notes` says what was done.
WeightFile load_weights(const std::string& path);

/// load_weights for bytes in memory; `name` stands for the file in errors.
WeightFile read_weights(std::string_view bytes, const std::string& name);

/// Writes atomically in the format of the path's extension (.safetensors or .pth). Bit-exact; equal
/// input gives equal bytes. Throws Error(kWeights) or, for the place, Error(kOutput).
void save_weights(const std::string& path, const WeightFile& weights);

}  // namespace solstice
