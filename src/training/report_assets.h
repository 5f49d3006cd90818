#pragma once

#include <string_view>

namespace solstice {

/// The fixed parts of report.html. Neither names a resource outside of the page.
std::string_view report_style();   ///< CSS, for light and for dark
std::string_view report_script();  ///< draws the charts of the JSON in #data, moves the samples

}  // namespace solstice
