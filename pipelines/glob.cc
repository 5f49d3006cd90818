#include "pipelines/glob.h"

#include <algorithm>

#include "core/error.h"
#include "core/message.h"

namespace solstice {
namespace {

constexpr char32_t kNoCharacter = 0x110000;  ///< bytes that are no UTF-8 stand above all characters

/// The length of the UTF-8 character that `text` begins with, or 0. Overlong forms need not be told
/// apart: they stand for themselves in patterns as in names.
size_t character_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const size_t length = first < 0x80             ? 1
                        : (first & 0xe0) == 0xc0 ? 2
                        : (first & 0xf0) == 0xe0 ? 3
                        : (first & 0xf8) == 0xf0 ? 4
                                                 : 0;
  if (length == 0 || length > text.size()) return 0;
  const bool whole = std::all_of(text.begin() + 1, text.begin() + static_cast<ptrdiff_t>(length),
                                 [](char c) { return (c & 0xc0) == 0x80; });
  return whole ? length : 0;
}

std::u32string characters_of(std::string_view text) {
  std::u32string characters;
  characters.reserve(text.size());
  while (!text.empty()) {
    const size_t length = character_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    char32_t character = length == 0 ? kNoCharacter + first : first;
    if (length > 1) {
      character = first & (0xffu >> (length + 1));
      for (size_t i = 1; i < length; ++i) {
        character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
      }
    }
    characters += character;
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return characters;
}

/// The pattern as it is matched: a leading '/' means what any '/' does, a trailing one everything
/// below, and a lone folder name stands for that folder anywhere.
std::string written_out(std::string pattern) {
  if (pattern.size() > 1 && pattern.back() == '/') {
    const bool anywhere = pattern.find('/') == pattern.size() - 1;
    pattern = (anywhere ? "**/" : "") + pattern + "**";
  }
  return pattern.front() == '/' ? pattern.substr(1) : pattern;
}

}  // namespace

Glob::Glob(const std::string& flag, const std::string& pattern) {
  const std::string complaint = message(flag, ": found \"", pattern, "\", expected ");
  if (pattern.empty() || pattern.size() > kLongest) {
    throw Error(ErrorKind::kUsage, message(complaint, "a pattern of 1 to ", kLongest, " bytes"));
  }
  name_only_ = pattern.find('/') == std::string::npos;
  const std::u32string text = characters_of(written_out(pattern));
  for (size_t at = 0; at < text.size(); ++at) {
    const char32_t character = text[at];
    if (character == U'*') {
      const bool two = at + 1 < text.size() && text[at + 1] == U'*';
      const bool starts = at == 0 || text[at - 1] == U'/';
      const bool folders = two && starts && at + 2 < text.size() && text[at + 2] == U'/';
      tokens_.push_back({folders ? Kind::kFolders : two ? Kind::kAnything : Kind::kStar});
      at += folders ? 2 : two ? 1 : 0;
    } else if (character == U'?') {
      tokens_.push_back({Kind::kAny});
    } else if (character == U'[') {
      tokens_.push_back(read_set(text, at, complaint));
    } else {
      if (character == U'\\' && ++at == text.size()) {
        throw Error(ErrorKind::kUsage, complaint + "a character after the last \\");
      }
      tokens_.push_back({Kind::kCharacter, text[at]});
    }
  }
}

/// Leaves `at` on the closing bracket. A bracket that comes first is one of the set.
Glob::Token Glob::read_set(const std::u32string& pattern, size_t& at,
                           const std::string& complaint) {
  Token token{Kind::kSet};
  ++at;
  if (at < pattern.size() && (pattern[at] == U'!' || pattern[at] == U'^')) {
    token.negated = true;
    ++at;
  }
  for (const size_t first = at; at < pattern.size(); ++at) {
    if (pattern[at] == U']' && at > first) return token;
    if (pattern[at] == U'\\' && at + 1 < pattern.size()) ++at;
    const char32_t low = pattern[at];
    const bool is_range =
        at + 2 < pattern.size() && pattern[at + 1] == U'-' && pattern[at + 2] != U']';
    if (is_range) at += 2;
    token.set.push_back({low, pattern[at]});
  }
  throw Error(ErrorKind::kUsage, complaint + "a ] for every [");
}

bool Glob::accepts(const Token& token, char32_t character) {
  switch (token.kind) {
    case Kind::kCharacter:
      return character == token.character;
    case Kind::kAny:
    case Kind::kStar:
      return character != U'/';
    case Kind::kSet: {
      const bool inside = std::any_of(token.set.begin(), token.set.end(), [=](const Span& span) {
        return span.low <= character && character <= span.high;
      });
      return character != U'/' && inside != token.negated;
    }
    case Kind::kAnything:
    case Kind::kFolders:
      return true;
  }
  return false;
}

/// Marks a state and those that follow it without a character.
void Glob::enter(size_t state, bool at_folder, std::vector<uint8_t>& states) const {
  for (; states[state] == 0; ++state) {
    states[state] = 1;
    if (state == tokens_.size()) return;
    const Kind kind = tokens_[state].kind;
    const bool may_be_empty =
        kind == Kind::kStar || kind == Kind::kAnything || (kind == Kind::kFolders && at_folder);
    if (!may_be_empty) return;
  }
}

bool Glob::matches(std::string_view relative) const {
  if (name_only_) relative.remove_prefix(relative.rfind('/') + 1);
  std::vector<uint8_t> now(tokens_.size() + 1), next(tokens_.size() + 1);
  enter(0, true, now);
  for (const char32_t character : characters_of(relative)) {
    std::fill(next.begin(), next.end(), uint8_t{0});
    for (size_t state = 0; state < tokens_.size(); ++state) {
      const Token& token = tokens_[state];
      if (now[state] == 0 || !accepts(token, character)) continue;
      const bool stays = token.kind == Kind::kStar || token.kind == Kind::kAnything ||
                         token.kind == Kind::kFolders;
      enter(stays ? state : state + 1, character == U'/', next);
    }
    now.swap(next);
  }
  return now.back() != 0;
}

}  // namespace solstice
