#pragma once

#include <string>
#include <string_view>

namespace solstice {

/// Text as it may stand in HTML, between tags or inside a quoted attribute.
std::string escape_html(const std::string& text);

/// The beginning of a page, up to its heading, that shows without scripts and without a network, in
/// the colours the reader's system prefers. `style` is CSS beside what all such pages have.
std::string html_head(const std::string& title, std::string_view style);

/// RFC 4648, with padding: the bytes of a data URI.
std::string to_base64(const std::string& bytes);

}  // namespace solstice
