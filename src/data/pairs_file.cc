#include <algorithm>
#include <array>
#include <cctype>
#include <tuple>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "core/names.h"
#include "data/layouts.h"
#include "image/codec.h"

namespace solstice {
namespace {

constexpr std::array<const char*, 3> kSplits{"train", "val", "test"};
constexpr size_t kNoColumn = static_cast<size_t>(-1);

struct Row {
  int64_t line = 0;
  std::vector<std::string> cells;
};

/// Where in a row the three things stand that we want.
struct Columns {
  size_t a = kNoColumn;
  size_t b = kNoColumn;
  size_t split = kNoColumn;

  size_t needed() const { return std::max({a, b, split == kNoColumn ? 0 : split}) + 1; }
};

std::vector<std::string> cut(std::string_view text, char separator) {
  std::vector<std::string> cells;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(separator, start), text.size());
    cells.emplace_back(trim(text.substr(start, end - start)));
    start = end + 1;
  }
  return cells;
}

std::vector<Row> read_rows(const fs::path& file) {
  std::string text = read_file(file);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  std::vector<Row> rows;
  int64_t line = 0;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string_view content(text.data() + start, end - start);
    if (content.ends_with('\r')) content.remove_suffix(1);
    ++line;
    start = end + 1;
    if (trim(content).empty() || content.starts_with('#')) continue;
    rows.push_back({line, cut(content, '\t')});
  }
  return rows;
}

bool is_image_name(const std::string& cell) {
  return format_of_extension(fs::path(cell).extension().string()).has_value();
}

/// A and B are the first two columns that hold names of images in some row.
Columns find_columns(const std::vector<Row>& rows) {
  Columns columns;
  for (const Row& row : rows) {
    columns = {};
    for (size_t i = 0; i < row.cells.size() && columns.b == kNoColumn; ++i) {
      if (!is_image_name(row.cells[i])) continue;
      (columns.a == kNoColumn ? columns.a : columns.b) = i;
    }
    if (columns.b != kNoColumn) break;
  }
  return columns;
}

/// The heading, when there is one, is a first row without a single image name.
bool take_heading(std::vector<Row>& rows, Columns& columns) {
  if (rows.empty() || std::any_of(rows[0].cells.begin(), rows[0].cells.end(), is_image_name)) {
    return false;
  }
  for (size_t i = 0; i < rows[0].cells.size(); ++i) {
    std::string word = rows[0].cells[i];
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (word == "split") columns.split = i;
  }
  rows.erase(rows.begin());
  return true;
}

/// Whose row it is when no column says so: the part whose folder the path begins with or whose
/// folder has the file; a row of no part's folder is for training.
bool belongs_to(const fs::path& data, const fs::path& a, const std::string& split) {
  for (const std::string part : kSplits) {
    const fs::path top = *a.begin();
    if (top == part + "A" || top == part + "B" || top == part) return part == split;
  }
  if (fs::exists(data / (split + "A") / a)) return true;
  return split == "train" && std::none_of(kSplits.begin(), kSplits.end(), [&](const char* part) {
           return fs::exists(data / (std::string(part) + "A") / a);
         });
}

fs::path locate(const fs::path& data, const std::string& side, const fs::path& name) {
  const fs::path inside = data / side / name;
  return fs::exists(inside) ? inside : data / name;
}

/// The pairs file that the options ask for, or that lies in the folder; empty when neither.
fs::path pairs_path(const DataOptions& options) {
  if (options.pairs.empty()) {
    const fs::path usual = fs::path(options.data) / "pairs.tsv";
    return fs::exists(usual) ? usual : fs::path();
  }
  if (fs::exists(options.pairs)) return options.pairs;
  const fs::path beside = fs::path(options.data) / options.pairs;
  if (fs::exists(beside)) return beside;
  throw Error(ErrorKind::kInput, message("--pairs ", options.pairs,
                                         ": does not exist, neither here nor in ", options.data));
}

/// Adds the row's pair, or what is wrong with it, to the layout.
void read_row(const DataOptions& options, const std::string& split, const fs::path& file,
              const Columns& columns, const Row& row, Layout& layout) {
  const auto problem = [&](const std::string& what) {
    layout.problems.push_back({file.string(), message("line ", row.line, ": ", what)});
  };
  const size_t needed = columns.needed();
  if (row.cells.size() < needed || row.cells[columns.a].empty() || row.cells[columns.b].empty()) {
    problem(message("expected ", needed, " or more tab-separated columns with two image names, ",
                    "found ", row.cells.size()));
    return;
  }
  const fs::path data = options.data;
  const fs::path name_a = row.cells[columns.a];
  const fs::path name_b = row.cells[columns.b];
  const bool ours = columns.split != kNoColumn ? row.cells[columns.split] == split
                                               : belongs_to(data, name_a, split);
  if (!ours) return;
  const fs::path a = locate(data, split + "A", name_a);
  const fs::path b = locate(data, split + "B", name_b);
  if (!fs::exists(a)) problem(name_a.string() + " does not exist");
  if (!fs::exists(b)) problem(name_b.string() + " does not exist");
  if (!fs::exists(a) || !fs::exists(b)) return;
  layout.a.push_back(a);
  layout.b.push_back(b);
}

/// By A's path, then B's: the order of the rows does not matter.
void sort_pairs(Layout& layout) {
  std::vector<std::pair<fs::path, fs::path>> pairs;
  for (size_t i = 0; i < layout.a.size(); ++i) pairs.emplace_back(layout.a[i], layout.b[i]);
  std::sort(pairs.begin(), pairs.end());
  for (size_t i = 0; i < pairs.size(); ++i) std::tie(layout.a[i], layout.b[i]) = pairs[i];
}

/// Every file once, on the side where the table has it.
void forget_pairs(Layout& layout) {
  layout.arrangement = Arrangement::kUnpaired;
  for (std::vector<fs::path>* side : {&layout.a, &layout.b}) {
    std::sort(side->begin(), side->end());
    side->erase(std::unique(side->begin(), side->end()), side->end());
  }
}

}  // namespace

std::optional<Layout> read_pairs_file(const DataOptions& options, const std::string& split,
                                      Pairing wanted) {
  const fs::path file = pairs_path(options);
  if (file.empty()) return std::nullopt;
  std::vector<Row> rows = read_rows(file);
  Columns columns = find_columns(rows);
  if (columns.b == kNoColumn) {
    throw Error(ErrorKind::kInput,
                message(file.string(), ": not one row has two image names separated by a tab"));
  }
  take_heading(rows, columns);
  Layout layout;
  layout.arrangement = Arrangement::kPairs;
  const bool paired = wanted == Pairing::kPaired;
  layout.reading = message(paired ? "paired by " : "unpaired, as the trainer asks: files named in ",
                           file.filename().string());
  for (const Row& row : rows) read_row(options, split, file, columns, row, layout);
  if (layout.a.empty() && layout.problems.empty()) return std::nullopt;
  sort_pairs(layout);
  if (!paired) forget_pairs(layout);
  return layout;
}

}  // namespace solstice
