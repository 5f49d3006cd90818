#pragma once

#include <memory>
#include <string>
#include <vector>

#include "data/image_cache.h"
#include "data/layouts.h"

namespace solstice {

/// A layout with what its files' headers say.
struct CheckedLayout {
  Layout layout;                  ///< only files that can be used; the others are problems
  std::vector<SampleSize> sizes;  ///< of the samples of these files
};

/// Throws Error(kUsage) for options that contradict each other, whatever the images are.
void require_options_fit(const DataOptions& options);

/// Reads every header, in parallel, and leaves out what does not fit. Nothing may be left. Throws
/// Error(kUsage) for options that contradict each other or the images' sizes.
CheckedLayout check_layout(const DataOptions& options, Layout layout);

/// The data set of a layout that was checked. Throws Error(kInput) when not one usable sample is
/// left. Data sets of the same options may share a cache.
OpenedDataset open_layout(const DataOptions& options, CheckedLayout checked,
                          std::shared_ptr<ImageCache> cache);

}  // namespace solstice
