#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/error.h"
#include "pipelines/merge_reports.h"
#include "pipelines/report.h"

/// Any bytes are a report that can be merged with itself and written, or an Error says why not.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto report =
        solstice::parse_report("x.json", {reinterpret_cast<const char*>(data), size});
    solstice::NamedReport other = report;
    other.report["made_by"] = "another";
    solstice::to_text(solstice::merge_reports({report, other}).report, 2);
  } catch (const solstice::Error&) {
  }
  return 0;
}
