#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <string>

#include "pipelines/evaluate.h"
#include "pipelines/scores.h"

namespace solstice {

/// A number for people: six digits, "inf", "-" for none.
std::string number_text(double value);

/// How was compared, the table of means, the worst files.
void write_table(std::ostream& out, const Evaluation& evaluation);

/// `file`, `status` (done, failed), `size` [width, height], `scores` {series: {metric: value}},
/// `error` (only of a failed one). An infinite value is the string "inf".
nlohmann::ordered_json file_line(const FileScores& file, const Evaluation& evaluation);

/// `metric`, `of`, `mean`, `deviation` (null: there is none), `files`, in a list.
nlohmann::ordered_json summary_lines(const Evaluation& evaluation);

/// `version`, `subject`, `reading`, `protocol`, `options`, `counts` {compared, failed, left_out,
/// remaining}, `seconds`, `summary` (as above), `worst` [{file, value}], `left_out` [{file, why}],
/// `files`.
nlohmann::ordered_json evaluation_report(const Evaluation& evaluation,
                                         const EvaluateOptions& options);

/// A heading and a row for each file (RFC 4180): file, status, width, height, a column for each
/// metric and series ("psnr bicubic"), error.
std::string evaluation_csv(const Evaluation& evaluation);

}  // namespace solstice
