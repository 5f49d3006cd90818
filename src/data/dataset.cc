#include "data/dataset.h"

#include <optional>

#include "core/error.h"
#include "core/message.h"
#include "data/check_layout.h"
#include "data/file_datasets.h"

namespace solstice {
namespace {

void require_samples(const DataOptions& options, const Layout& layout) {
  const bool no_targets =
      !layout.halves() && layout.arrangement != Arrangement::kImages && layout.b.empty();
  if (!layout.a.empty() && !no_targets) return;
  std::string what = message(options.data, ": not one usable sample (", layout.reading, ")");
  if (!layout.problems.empty()) {
    what += message("; ", layout.problems.size(), " problems, the first: ", layout.problems[0].file,
                    ": ", layout.problems[0].what);
  }
  throw Error(ErrorKind::kInput, what);
}

std::string count_text(const Layout& layout) {
  if (layout.arrangement == Arrangement::kUnpaired) {
    return message(", ", layout.a.size(), " and ", layout.b.size(), " images");
  }
  if (!layout.paired() || layout.arrangement == Arrangement::kImages)
    return ", " + counted(layout.a.size(), "image");
  return ", " + counted(layout.a.size(), "pair");
}

std::unique_ptr<Dataset> make_dataset(const DataOptions& options, Layout& layout,
                                      std::shared_ptr<ImageCache> cache) {
  switch (layout.arrangement) {
    case Arrangement::kSideBySide:
      return make_side_by_side(options, std::move(cache), std::move(layout.a));
    case Arrangement::kPairs:
      return make_paired(options, std::move(cache), std::move(layout.a), std::move(layout.b));
    case Arrangement::kUnpaired:
      return make_unpaired(options, std::move(cache), std::move(layout.a), std::move(layout.b));
    case Arrangement::kImages:
      return make_from_images(options, std::move(cache), std::move(layout.a));
    case Arrangement::kUnpairedHalves:
      return make_unpaired_halves(options, std::move(cache), std::move(layout.a));
  }
  return nullptr;
}

}  // namespace

OpenedDataset open_layout(const DataOptions& options, CheckedLayout checked,
                          std::shared_ptr<ImageCache> cache) {
  Layout& layout = checked.layout;
  require_samples(options, layout);
  OpenedDataset opened;
  opened.reading = layout.reading + count_text(layout);
  opened.dataset = make_dataset(options, layout, std::move(cache));
  opened.problems = std::move(layout.problems);
  opened.sizes = std::move(checked.sizes);
  return opened;
}

OpenedDataset open_dataset(const DataOptions& options, const std::string& split, Pairing wanted) {
  std::optional<Layout> found = find_layout(options, split, wanted);
  if (!found) throw_unknown_layout(options, split);
  return open_layout(options, check_layout(options, std::move(*found)),
                     std::make_shared<ImageCache>(options.memory.bytes));
}

void require_sides(const OpenedDataset& opened, int64_t multiple, const std::string& network) {
  for (const SampleSize& size : opened.sizes) {
    if (size.width % multiple == 0 && size.height % multiple == 0) continue;
    throw Error(ErrorKind::kUsage,
                message("[", network, "] ", size.file, " gives samples of ", size.width, "x",
                        size.height, ", and each side must be a multiple of ", multiple,
                        "; choose another --crop-size, --preprocess or --generator"));
  }
}

}  // namespace solstice
