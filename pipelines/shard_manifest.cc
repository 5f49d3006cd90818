#include "pipelines/shard_manifest.h"

#include "pipelines/listing.h"
#include "pipelines/report.h"

namespace solstice {
namespace {

constexpr size_t kBuffered = size_t{1} << 16;

fs::path state_folder(const fs::path& out) {
  make_directories(out / kStateFolder);
  return out / kStateFolder;
}

}  // namespace

ShardManifest::ShardManifest(const fs::path& out, const Shard& shard)
    : report_path_(state_folder(out) / (shard.name() + ".json")),
      rows_(out / kStateFolder / (shard.name() + ".files.jsonl")) {}

void ShardManifest::add(const nlohmann::ordered_json& row) {
  buffer_ += to_text(row) + "\n";
  if (buffer_.size() < kBuffered) return;
  rows_.write(buffer_);
  buffer_.clear();
}

void ShardManifest::commit(const nlohmann::ordered_json& report) {
  rows_.write(buffer_);
  buffer_.clear();
  rows_.commit();
  write_file_atomically(report_path_, to_text(report, 2) + "\n");
}

}  // namespace solstice
