#pragma once

#include <string>
#include <string_view>

namespace solstice {

/// True for a PNG whose pixels are numbers of colours, as annotation tools keep classes; the file
/// need not be whole.
bool is_indexed_png(std::string_view bytes);

/// Such a PNG `scale` times as large, every pixel repeated, with the same numbers, colours and
/// transparency, 8 bit a pixel. Throws Error(kInput) for a damaged or truncated one.
std::string enlarge_indexed_png(std::string_view bytes, int scale);

}  // namespace solstice
