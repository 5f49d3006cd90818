#include <cstdlib>

#include "core/error.h"
#include "core/message.h"
#include "pipelines/name_template.h"
#include "pipelines/selection.h"
#include "pipelines/shard.h"
#include "pipelines/translate.h"

namespace solstice {
namespace {

void refuse_with(const std::string& mode, bool given, const char* other) {
  if (given) throw Error(ErrorKind::kUsage, message(mode, " and ", other, " exclude each other"));
}

}  // namespace

void check_options(const TranslateOptions& options) {
  if (options.serve) {
    if (!options.inputs.empty()) {
      throw Error(ErrorKind::kUsage, message("--serve takes its inputs from standard input, found ",
                                             options.inputs.front(), " on the command line"));
    }
    refuse_with("--serve", !options.selection.files_from.empty(), "--files-from");
    refuse_with("--serve", options.shard != kWholeShard, "--shard");
    refuse_with("--serve", options.watch, "--watch");
    refuse_with("--serve", options.selection.limit > 0, "--limit");
    refuse_with("--serve", !options.selection.include.empty(), "--include");
    refuse_with("--serve", !options.selection.exclude.empty(), "--exclude");
    refuse_with("--serve", options.dry_run, "--dry-run");
    refuse_with("--serve", !options.gallery.empty(), "--gallery");
  } else if (options.inputs.empty() && options.selection.files_from.empty()) {
    throw Error(ErrorKind::kUsage, "no input: name images or folders to translate");
  }
  if (options.watch) {
    refuse_with("--watch", options.dry_run, "--dry-run");
    refuse_with("--watch", options.shard != kWholeShard, "--shard");
    refuse_with("--watch", !options.selection.files_from.empty(), "--files-from");
    refuse_with("--watch", options.selection.limit > 0, "--limit");
  }
  if (options.out.empty()) {
    throw Error(ErrorKind::kUsage, "--out is missing: name a folder for the results");
  }
  if (options.memory.bytes <= 0) {
    throw Error(ErrorKind::kUsage, "--memory is 0; expected a size such as 4G");
  }
  const Selection selection(options.selection);
  if (!options.name.empty()) const NameTemplate name(options.name);
  choose_shard(options.shard, [](const char* name) { return std::getenv(name); });
}

}  // namespace solstice
