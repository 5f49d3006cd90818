#pragma once

// jpeglib.h needs FILE and size_t declared before it, and jerror.h needs jpeglib.h.
#include <cstdio>

#include <jpeglib.h>

#include <array>
#include <csetjmp>
#include <string_view>

#include "image/codec.h"

namespace solstice {

/// libjpeg reports through callbacks that must not return. They jump back into the method that
/// called libjpeg, so those methods hold no object with a destructor.
struct JpegComplaint {
  jpeg_error_mgr manager;  // first: libjpeg's pointer to it is a pointer to the JpegComplaint
  jmp_buf escape;
  std::array<char, JMSG_LENGTH_MAX> text;
  bool truncated;
  Truncated when_truncated;
};

/// Makes libjpeg complain there: warnings that mean missing or wrong pixels are errors (libjpeg
/// itself would paint grey), but for missing bytes where a truncated file is accepted.
void prepare(JpegComplaint& complaint);

}  // namespace solstice
