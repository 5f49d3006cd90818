#include "inference/device.h"

#include <ATen/Parallel.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/DeviceType.h>
#include <dlfcn.h>

#include <algorithm>
#include <filesystem>
#include <opencv2/core/utility.hpp>

#include "core/error.h"
#include "core/message.h"
#include "core/options.h"

namespace solstice {
namespace {

/// The reason why CUDA cannot be used, or empty when it can.
std::string load_cuda() {
  // The hooks of LibTorch are looked up once, so the library comes before the first question.
  if (dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL) == nullptr) {
    return message("the CUDA part of LibTorch cannot be loaded (", dlerror(),
                   "); scripts/setup.sh --cuda brings it");
  }
  if (at::detail::getCUDAHooks().deviceCount() < 1) {
    return "no NVIDIA driver or no GPU was found on this machine";
  }
  return {};
}

/// The name of the backend that a plug-in of LibTorch registered as its own device, or empty.
std::string plugged_in_backend() {
  const bool there = c10::is_privateuse1_backend_registered() && at::isPrivateUse1HooksRegistered();
  return there ? c10::get_privateuse1_backend() : std::string();
}

int64_t parse_index(const std::string& name) {
  if (name == "cuda") return 0;
  return option_text::parse_integer("--device cuda:N", name.substr(5), Range{0, 127});
}

/// The reference's --gpu_ids are bare numbers, -1 for the CPU.
std::string plain_name(const std::string& name) {
  if (name == "-1") return "cpu";
  const bool number = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
  return number ? "cuda:" + name : name;
}

}  // namespace

std::string open_device(const std::string& given) {
  const std::string name = plain_name(given);
  if (name == "cpu") return name;
  const std::string backend = plugged_in_backend();
  if (!backend.empty() && name == backend) return name + ":0";
  if (name == "auto") {
    const bool driver = std::filesystem::exists("/dev/nvidiactl");
    return driver && load_cuda().empty() ? "cuda:0" : "cpu";
  }
  if (name != "cuda" && !name.starts_with("cuda:")) {
    throw Error(ErrorKind::kUsage,
                message("--device: found \"", name, "\", expected auto, cpu or cuda[:N]"));
  }
  const int64_t index = parse_index(name);
  const std::string reason = load_cuda();
  if (!reason.empty()) throw Error(ErrorKind::kDevice, "--device " + name + ": " + reason);
  const int64_t count = at::detail::getCUDAHooks().deviceCount();
  if (index >= count) {
    throw Error(ErrorKind::kDevice,
                message("--device ", name, ": this machine has ", count, " GPUs, numbered from 0"));
  }
  return message("cuda:", index);
}

void set_compute_threads(int64_t threads) {
  const int count = threads > 0 ? static_cast<int>(threads) : cv::getNumberOfCPUs();
  at::set_num_threads(std::max(1, count));
  // One image is one task of ours; OpenCV must not start threads of its own inside it.
  cv::setNumThreads(0);
}

void set_caller_threads(int64_t threads) { at::set_num_threads(static_cast<int>(threads)); }

bool cpu_multiplies_bf16() {
#if defined(__x86_64__) && defined(__GNUC__)
  return __builtin_cpu_supports("avx512bf16") > 0;
#else
  return false;
#endif
}

}  // namespace solstice
