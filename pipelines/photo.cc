#include "pipelines/photo.h"

#include <cstdio>

#include "core/error.h"
#include "core/files.h"
#include "core/message.h"
#include "image/codec.h"
#include "pipelines/sidecars.h"

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
  photo.bytes = read_file(photo.job.input, static_cast<uint64_t>(memory), "--memory");
  photo.header = read_header(photo.bytes);
  const ImageHeader& header = photo.header;
  if (header.pixels() > options.max_pixels) {
    photo.fail(message("has ", header.width, "x", header.height, " pixels, --max-pixels allows ",
                       options.max_pixels));
    return;
  }
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

void decode(Photo& photo, const TranslateOptions& options) {
  photo.image = decode_image(
      photo.bytes,
      {options.max_pixels, options.accept_truncated ? Truncated::kAccept : Truncated::kRefuse});
  photo.warnings = photo.image.metadata.warnings;
  photo.held_bytes -= static_cast<int64_t>(photo.bytes.size());
  photo.bytes.clear();
  photo.bytes.shrink_to_fit();
}

void take_result(Photo& photo, Image result) {
  result.metadata = photo.image.metadata;
  photo.image = std::move(result);
  photo.held_bytes =
      static_cast<int64_t>(photo.image.pixels.total() * photo.image.pixels.elemSize());
  photo.working_bytes = 0;
}

void infer_together(std::span<Item* const> items, const ImageModel& model) {
  std::vector<Image> images;
  for (Item* item : items) images.push_back(static_cast<Photo*>(item)->image);
  std::vector<Image> results = model.translate_together(images);
  for (size_t i = 0; i < items.size(); ++i) {
    take_result(*static_cast<Photo*>(items[i]), std::move(results.at(i)));
  }
}

Stage inference(const ImageModel& model) {
  const StageKind kind = model.is_single_threaded ? StageKind::kParallel : StageKind::kCaller;
  Stage stage = make_stage<Photo>(
      "infer", kind, [&model](Photo& photo) { take_result(photo, model.translate(photo.image)); });
  stage.work_together = [&model](std::span<Item* const> items) { infer_together(items, model); };
  return stage;
}

void encode(Photo& photo, const TranslateOptions& options) {
  const EncodeOptions encoding{output_format(photo.job.output, photo.header.format),
                               static_cast<int>(options.quality), options.chroma,
                               options.strip ? KeepMetadata::kNo : KeepMetadata::kYes};
  for (std::string& loss : losses_of_encoding(photo.image, encoding)) {
    photo.warnings.push_back(std::move(loss));
  }
  photo.bytes = encode_image(photo.image, encoding);
  photo.image = Image();
  photo.held_bytes = static_cast<int64_t>(photo.bytes.size());
}

/// A full disk ends the run.
template <class Step>
void write_step(Photo& photo, const Step& step) {
  try {
    step();
  } catch (const Error& error) {
    photo.ends_run = is_disk_full(error);
    throw;
  }
}

void write_labels(Photo& photo, const TranslateOptions& options, const ImageModel& model) {
  write_step(photo, [&] { copy_sidecars(photo.job, options.existing, model.scale); });
}

void write(Photo& photo) {
  write_step(photo, [&] {
    make_directories(photo.job.output.parent_path());
    photo.file.emplace(photo.job.output);
    photo.file->write(photo.bytes);
  });
  photo.bytes.clear();
  photo.bytes.shrink_to_fit();
  photo.held_bytes = 0;
}

/// From written to in its place, in steps that cost a disk less when many take them together.
void put_in_place(std::span<Item* const> items, const std::function<void(const Photo&)>& written) {
  const auto each = [&](const auto& step) {
    for (Item* item : items) {
      auto& photo = static_cast<Photo&>(*item);
      if (photo.settled) continue;
      attempt(photo, [&] { write_step(photo, [&] { step(photo); }); });
    }
  };
  each([](const Photo& photo) { photo.file->begin_sync(); });
  each([](const Photo& photo) { photo.file->sync(); });
  each([&](Photo& photo) {
    written(photo);
    photo.file->put_in_place();
    photo.file.reset();
  });
}

Stage appearance(const std::function<void(const Photo&)>& written) {
  const auto together = [&written](std::span<Item* const> items) { put_in_place(items, written); };
  const auto alone = [together](Item& item) {
    Item* const one = &item;
    together({&one, 1});
  };
  return {"sync", StageKind::kLast, alone, together};
}

}  // namespace

std::unique_ptr<Photo> read_photo(const Job& job, const TranslateOptions& options,
                                  const ImageModel& model) {
  auto photo = std::make_unique<Photo>(job);
  attempt(*photo, [&] {
    // The labels of a result that is there may be new, or its run was one without them.
    job.skip ? write_labels(*photo, options, model) : read(*photo, options, model);
  });
  if (!photo->failure.empty()) {
    photo->failed_stage = "read";
    photo->discard();
  }
  photo->settled = photo->settled || job.skip;
  return photo;
}

std::vector<Stage> photo_stages(const TranslateOptions& options, const ImageModel& model,
                                const std::function<void(const Photo&)>& written) {
  std::vector<Stage> stages{
      make_stage<Photo>("decode", StageKind::kParallel,
                        [&options](Photo& photo) { decode(photo, options); }),
      inference(model),
      make_stage<Photo>("encode", StageKind::kParallel,
                        [&options](Photo& photo) { encode(photo, options); }),
  };
  // Before the image, whose presence says that its labels are there too.
  if (options.sidecars) {
    stages.push_back(make_stage<Photo>("labels", StageKind::kDisk,
                                       [&](Photo& photo) { write_labels(photo, options, model); }));
  }
  stages.push_back(make_stage<Photo>("write", StageKind::kDisk, write));
  stages.push_back(appearance(written));
  return stages;
}

}  // namespace solstice
