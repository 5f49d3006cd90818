#include "pipelines/photo.h"

#include <cstdio>
#include <new>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "image/codec.h"

namespace solstice {
namespace {

std::string readable_bytes(int64_t bytes) {
  char text[32];
  const double gigabytes = static_cast<double>(bytes) / (1 << 30);
  if (gigabytes >= 1) {
    std::snprintf(text, sizeof text, "%.1fG", gigabytes);
  } else {
    std::snprintf(text, sizeof text, "%.1fM", gigabytes * 1024);
  }
  return text;
}

void read(Photo& photo, const TranslateOptions& options, const ImageModel& model) {
  const int64_t memory = options.memory.bytes;
  photo.stamp = stamp_of(photo.job.input).value_or(FileStamp());
  photo.bytes = read_file(photo.job.input, static_cast<uint64_t>(memory));
  photo.header = read_header(photo.bytes);
  const ImageHeader& header = photo.header;
  photo.working_bytes = model.working_bytes(header.width, header.height);
  if (photo.working_bytes > memory) {
    photo.fail(message("an image of ", header.width, "x", header.height, " needs ",
                       readable_bytes(photo.working_bytes), " of memory, --memory allows ",
                       readable_bytes(memory)));
    return;
  }
  const int64_t input_bytes = header.pixels() * header.channels * ((header.bits + 7) / 8);
  const int64_t area_scale = int64_t{model.scale} * model.scale;
  photo.held_bytes =
      static_cast<int64_t>(photo.bytes.size()) + input_bytes + input_bytes * area_scale;
}

void decode(Photo& photo) {
  photo.image = decode_image(photo.bytes);
  photo.held_bytes -= static_cast<int64_t>(photo.bytes.size());
  photo.bytes.clear();
  photo.bytes.shrink_to_fit();
}

void infer(Photo& photo, const ImageModel& model) {
  Image result = model.translate(photo.image);
  result.metadata = photo.image.metadata;
  photo.image = std::move(result);
  photo.held_bytes =
      static_cast<int64_t>(photo.image.pixels.total() * photo.image.pixels.elemSize());
  photo.working_bytes = 0;
}

void encode(Photo& photo, int quality) {
  const ImageFormat format = output_format(photo.job.output, photo.header.format);
  photo.bytes = encode_image(photo.image, {format, quality});
  photo.image = Image();
  photo.held_bytes = static_cast<int64_t>(photo.bytes.size());
}

void write(Photo& photo) {
  try {
    make_directories(photo.job.output.parent_path());
    write_file_atomically(photo.job.output, photo.bytes);
  } catch (const Error& error) {
    photo.ends_run = is_disk_full(error);
    throw;
  }
  photo.discard();
  photo.held_bytes = 0;
}

}  // namespace

std::unique_ptr<Photo> read_photo(const Job& job, const TranslateOptions& options,
                                  const ImageModel& model) {
  auto photo = std::make_unique<Photo>(job);
  if (job.skip) {
    photo->settled = true;
    return photo;
  }
  try {
    read(*photo, options, model);
  } catch (const std::bad_alloc&) {
    photo->fail("not enough memory");
  } catch (const std::exception& error) {
    photo->fail(error.what());
  }
  if (photo->settled) {
    photo->failed_stage = "read";
    photo->discard();
  }
  return photo;
}

std::vector<Stage> photo_stages(const TranslateOptions& options, const ImageModel& model) {
  const int quality = static_cast<int>(options.quality);
  return {make_stage<Photo>("decode", StageKind::kParallel, decode),
          make_stage<Photo>("infer", StageKind::kCaller,
                            [&model](Photo& photo) { infer(photo, model); }),
          make_stage<Photo>("encode", StageKind::kParallel,
                            [quality](Photo& photo) { encode(photo, quality); }),
          make_stage<Photo>("write", StageKind::kParallel, write)};
}

}  // namespace solstice
