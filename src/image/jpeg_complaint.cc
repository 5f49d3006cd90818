#include "image/jpeg_complaint.h"

#include <jerror.h>

namespace solstice {
namespace {

[[noreturn]] void escape(j_common_ptr info) {
  auto* complaint = reinterpret_cast<JpegComplaint*>(info->err);
  info->err->format_message(info, complaint->text.data());
  std::longjmp(complaint->escape, 1);
}

void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  const int code = info->err->msg_code;
  auto* complaint = reinterpret_cast<JpegComplaint*>(info->err);
  complaint->truncated = complaint->truncated || code == JWRN_JPEG_EOF;
  if (complaint->truncated && complaint->when_truncated == Truncated::kAccept) return;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER || code == JWRN_HUFF_BAD_CODE ||
      code == JWRN_ARITH_BAD_CODE || code == JWRN_MUST_RESYNC) {
    escape(info);
  }
}

void say_nothing(j_common_ptr) {}

}  // namespace

void prepare(JpegComplaint& complaint) {
  jpeg_std_error(&complaint.manager);
  complaint.manager.error_exit = escape;
  complaint.manager.emit_message = on_message;
  complaint.manager.output_message = say_nothing;
}

}  // namespace solstice
