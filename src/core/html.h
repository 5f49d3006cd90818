#pragma once

#include <string>

namespace solstice {

/// Text as it may stand in HTML, between tags or inside a quoted attribute.
std::string escape_html(const std::string& text);

/// RFC 4648, with padding: the bytes of a data URI.
std::string to_base64(const std::string& bytes);

}  // namespace solstice
