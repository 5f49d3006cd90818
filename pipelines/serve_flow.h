#pragma once

#include <iosfwd>

#include "pipelines/translate_flow.h"

namespace solstice {

/// Longest request line, in bytes.
inline constexpr size_t kLongestRequest = size_t{1} << 16;

/// Translates what is asked for, line by line, until `requests` (a descriptor) ends or a signal
/// comes. A line is the path of an image, whose result is named as if it stood on the command line,
/// or an object {"input": PATH, "output": PATH}, whose `output` (optional; below `out` unless it is
/// absolute) decides the file type. Every line is answered by one line on `results`, in order, each
/// as soon as it is there, so that a caller may wait for every answer or send many lines at once.
/// What is wrong with a line is its answer. Throws as run_translate_flow does.
TranslateSummary run_serve_flow(const TranslateOptions& options, const ImageModel& model,
                                int requests, std::ostream& results);

}  // namespace solstice
