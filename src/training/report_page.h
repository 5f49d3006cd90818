#pragma once

#include <cstddef>
#include <filesystem>

namespace solstice {

inline constexpr size_t kReportGrids = 24;       ///< sample grids on the page, at most
inline constexpr size_t kReportTableRows = 200;  ///< of validations and of events, at most

/// Writes `report.html` into a run directory: how far the run is, its losses, sample grids over
/// time, validation, events and options. One file that needs nothing else, under 15 MB whatever the
/// length of the run, and a function of `log.jsonl`, `options.ini` and `samples/*.png` there, each
/// of which may be absent. A grid that cannot be read is left out with a warning. The page appears
/// whole or not at all. Throws Error(kOutput) when it cannot be written.
void write_report_page(const std::filesystem::path& run_directory);

}  // namespace solstice
