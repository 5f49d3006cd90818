#pragma once

#include <stdexcept>
#include <string>

namespace solstice {

/// What kind of trouble ended a run. `main` alone maps kinds to exit codes.
enum class ErrorKind {
  kUsage,    ///< a flag, key or combination that means nothing
  kInput,    ///< images or folders that cannot be used at all
  kWeights,  ///< a model or weight file that cannot be read or does not fit
  kDevice,   ///< a device that is absent or has no memory left
  kOutput,   ///< a place that cannot be written (permissions, full disk)
  kRun,      ///< anything else that ends a run
};

/// The one exception type of the project. A message names the thing, what was found, what was
/// expected and what to do: "[unet_256] input side 200 is not a multiple of 256".
/// What fails one file of many is a value in its item, never an exception that crosses a stage.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace solstice
