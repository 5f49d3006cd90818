#include "pipelines/sidecars.h"

#include <unordered_map>
#include <unordered_set>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "image/codec.h"

namespace solstice {
namespace {

/// "dir/a.jpg" and "_mask.png" make "dir/a_mask.png".
fs::path beside(const fs::path& image, std::string_view ending) {
  fs::path path = image;
  path.replace_extension();
  path += std::string(ending);
  return path;
}

bool is_there(const fs::path& path) {
  std::error_code code;
  return fs::is_regular_file(path, code);
}

bool stays(const Sidecar& sidecar, Existing existing) {
  if (existing == Existing::kOverwrite || !is_there(sidecar.output)) return false;
  if (existing != Existing::kNewer) return true;
  std::error_code code;
  const auto copy = fs::last_write_time(sidecar.output, code);
  const auto label = fs::last_write_time(sidecar.input, code);
  return !code && label <= copy;
}

std::string_view ending_of(const fs::path& path) {
  for (const std::string_view ending : kSidecarEndings) {
    if (path.string().ends_with(ending)) return ending;
  }
  return {};
}

/// A mask is held in memory as its image is, which has been found to fit.
void check_mask_size(const std::string& mask, const fs::path& image) {
  const ImageHeader its = read_header(mask), whole = read_header(read_file(image));
  if (its.pixels() <= whole.pixels()) return;
  throw Error(ErrorKind::kInput,
              message("is a mask of ", its.width, "x", its.height, " pixels, its image has ",
                      whole.width, "x", whole.height));
}

}  // namespace

void leave_out_masks(Listing& listing) {
  std::unordered_set<std::string> stems;
  for (const auto* images : {&listing.files, &listing.results}) {
    for (const ListedFile& file : *images) {
      const fs::path path(file.path);
      stems.insert((path.parent_path() / path.stem()).string());
    }
  }
  std::erase_if(listing.files, [&](const ListedFile& file) {
    const std::string& path = file.path;
    return path.ends_with(kMaskEnding) &&
           stems.contains(path.substr(0, path.size() - kMaskEnding.size()));
  });
}

void plan_sidecars(std::vector<Job>& jobs, Existing existing) {
  std::unordered_map<std::string, std::string> owners;  // what each path below will be made from
  for (const Job& job : jobs) {
    owners.emplace(job.input.lexically_normal(), job.input);
    owners.emplace(job.output.lexically_normal(), job.input);
  }
  for (Job& job : jobs) {
    for (const std::string_view ending : kSidecarEndings) {
      const Sidecar sidecar{beside(job.input, ending), beside(job.output, ending)};
      std::error_code code;
      const bool itself = fs::equivalent(sidecar.input, sidecar.output, code) && !code;
      if (!is_there(sidecar.input) || itself) continue;
      const std::string owner =
          owners.emplace(sidecar.output.lexically_normal(), sidecar.input).first->second;
      if (owner != sidecar.input) {
        throw Error(ErrorKind::kUsage,
                    message("--sidecars: the copy of ", sidecar.input.string(), " would replace ",
                            sidecar.output.string(), ", which belongs to ", owner,
                            "; choose another --out, or translate them apart"));
      }
      if (existing == Existing::kError && is_there(sidecar.output)) {
        throw Error(ErrorKind::kOutput, message(sidecar.output.string(), " exists"));
      }
      job.sidecars.push_back(sidecar);
    }
  }
}

void copy_sidecars(const Job& job, Existing existing, int scale) {
  for (const Sidecar& sidecar : job.sidecars) {
    if (stays(sidecar, existing)) continue;
    const std::string bytes = read_file(sidecar.input, kLargestSidecar);
    std::string label;
    try {
      const std::string_view ending = ending_of(sidecar.input);
      if (ending == kMaskEnding && scale > 1) check_mask_size(bytes, job.input);
      label = scaled_label(ending, bytes, scale);
    } catch (const std::exception& error) {
      throw Error(ErrorKind::kInput, message(sidecar.input.string(), ": ", error.what()));
    }
    make_directories(sidecar.output.parent_path());
    write_file_atomically(sidecar.output, label);
  }
}

}  // namespace solstice
