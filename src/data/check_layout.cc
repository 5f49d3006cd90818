#include "data/check_layout.h"

#include <map>
#include <opencv2/core/types.hpp>
#include <optional>

#include "core/error.h"
#include "core/message.h"
#include "data/headers.h"
#include "data/preprocess.h"

namespace solstice {
namespace fs = std::filesystem;
namespace {

bool gives_squares(const DataOptions& options) {
  return options.preprocess != Preprocess::kNone && options.preprocess != Preprocess::kScaleWidth;
}

void require_scale_fits(const DataOptions& options) {
  if (options.inputs == Inputs::kFiles && options.scale != 1) {
    throw Error(ErrorKind::kUsage, message("--scale ", options.scale, ": the files of a pair have ",
                                           "one size; --inputs shrunk makes smaller inputs"));
  }
  if (options.inputs != Inputs::kFiles && !gives_squares(options)) {
    throw Error(ErrorKind::kUsage, message("--preprocess ", name_of(options.preprocess),
                                           ": inputs are made of crops; use crop or fit"));
  }
  if (options.crop_size % options.scale == 0) return;
  throw Error(ErrorKind::kUsage,
              message("--crop-size ", options.crop_size, ": found ", options.crop_size,
                      ", expected a multiple of --scale ", options.scale));
}

/// Files of the layout that passed, and the sizes their images have.
class Checker {
 public:
  Checker(const DataOptions& options, Layout layout)
      : options_(options), layout_(std::move(layout)) {}

  /// Leaves in the layout what can be used.
  CheckedLayout run() {
    const std::vector<CheckedFile> a = check_files(layout_.a);
    const std::vector<CheckedFile> b = check_files(layout_.b);
    std::vector<fs::path> files_a;
    std::vector<fs::path> files_b;
    if (layout_.arrangement == Arrangement::kImages) {
      files_a = usable_alone(layout_.a, a, size_a_);
    } else if (layout_.arrangement == Arrangement::kUnpaired) {
      files_a = usable_alone(layout_.a, a, size_a_);
      files_b = usable_alone(layout_.b, b, size_b_);
    }
    for (size_t i = 0; layout_.arrangement == Arrangement::kPairs && i < a.size(); ++i) {
      if (!pair_fits(layout_.a[i], a[i], layout_.b[i], b[i])) continue;
      files_a.push_back(layout_.a[i]);
      files_b.push_back(layout_.b[i]);
    }
    for (size_t i = 0; layout_.halves() && i < a.size(); ++i) {
      if (halves_fit(layout_.a[i], a[i])) files_a.push_back(layout_.a[i]);
    }
    layout_.a = std::move(files_a);
    layout_.b = std::move(files_b);
    std::vector<SampleSize> sizes;
    for (auto& [size, file] : sizes_) sizes.push_back({size.first, size.second, std::move(file)});
    return {std::move(layout_), std::move(sizes)};
  }

 private:
  struct Seen {
    std::optional<cv::Size> size;
    fs::path file;
  };

  bool refuse(const fs::path& file, const std::string& what) {
    layout_.problems.push_back({file.string(), what});
    return false;
  }

  std::optional<cv::Size> size_of(const fs::path& file, const CheckedFile& checked) {
    if (checked.header) return cv::Size(checked.header->width, checked.header->height);
    refuse(file, checked.problem);
    return std::nullopt;
  }

  bool crop_fits(const fs::path& file, cv::Size size, const char* whose) {
    const int64_t crop = options_.crop_size;
    if (options_.preprocess != Preprocess::kCrop) return true;
    if (size.width >= crop && size.height >= crop) return true;
    return refuse(file, message(whose, "is ", size_text(size), ", smaller than crop-size ", crop));
  }

  /// Without cropping, images of different sizes cannot share a batch.
  void take_size(const fs::path& file, cv::Size source, Seen& seen) {
    const cv::Size size = preprocessed_size(options_, source);
    sizes_.try_emplace({size.width, size.height}, file.string());
    if (!seen.size) seen = {size, file};
    if (options_.batch_size == 1 || *seen.size == size) return;
    throw Error(
        ErrorKind::kUsage,
        message("--preprocess ", name_of(options_.preprocess),
                " gives images of different sizes, and a batch needs one: ", seen.file.string(),
                " gives ", size_text(*seen.size), ", ", file.string(), " gives ", size_text(size),
                "; use --batch-size 1 or another --preprocess"));
  }

  bool pair_fits(const fs::path& file_a, const CheckedFile& a, const fs::path& file_b,
                 const CheckedFile& b) {
    const std::optional<cv::Size> size_a = size_of(file_a, a);
    const std::optional<cv::Size> size_b = size_of(file_b, b);
    if (!size_a || !size_b) return false;
    if (*size_a != *size_b) {
      return refuse(file_a, message("A is ", size_text(*size_a), ", B is ", size_text(*size_b)));
    }
    if (!crop_fits(file_a, *size_a, "")) return false;
    take_size(file_a, *size_a, size_a_);
    return true;
  }

  bool halves_fit(const fs::path& file, const CheckedFile& checked) {
    const std::optional<cv::Size> size = size_of(file, checked);
    if (!size) return false;
    if (size->width % 2 != 0) {
      return refuse(
          file, message("is ", size_text(*size), ": an odd width cannot be halved into A and B"));
    }
    const cv::Size half(size->width / 2, size->height);
    if (!crop_fits(file, half, "each half ")) return false;
    take_size(file, half, size_a_);
    return true;
  }

  std::vector<fs::path> usable_alone(const std::vector<fs::path>& files,
                                     const std::vector<CheckedFile>& checked, Seen& seen) {
    std::vector<fs::path> usable;
    for (size_t i = 0; i < files.size(); ++i) {
      const std::optional<cv::Size> size = size_of(files[i], checked[i]);
      if (!size || !crop_fits(files[i], *size, "")) continue;
      take_size(files[i], *size, seen);
      usable.push_back(files[i]);
    }
    return usable;
  }

  const DataOptions& options_;
  Layout layout_;
  Seen size_a_;
  Seen size_b_;
  std::map<std::pair<int64_t, int64_t>, std::string> sizes_;
};

}  // namespace

void require_options_fit(const DataOptions& options) {
  require_scale_fits(options);
  if (options.rotate && !gives_squares(options)) {
    throw Error(ErrorKind::kUsage, message("--rotate needs square samples, and --preprocess ",
                                           name_of(options.preprocess), " does not crop"));
  }
  const bool resizes = options.preprocess == Preprocess::kResizeAndCrop ||
                       options.preprocess == Preprocess::kFit ||
                       options.preprocess == Preprocess::kScaleWidthAndCrop;
  if (resizes && options.load_size < options.crop_size) {
    throw Error(ErrorKind::kUsage,
                message("--load-size ", options.load_size, " is smaller than --crop-size ",
                        options.crop_size, ": a crop is cut from the resized image"));
  }
}

CheckedLayout check_layout(const DataOptions& options, Layout layout) {
  require_options_fit(options);
  return Checker(options, std::move(layout)).run();
}

}  // namespace solstice
