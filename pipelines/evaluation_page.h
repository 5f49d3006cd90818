#pragma once

#include <string>
#include <vector>

#include "pipelines/scores.h"

namespace solstice {

/// One HTML file that needs nothing else: the table of means, pictures of the worst files (JPEGs,
/// in the order of Evaluation::worst; an empty one is left out), every file's numbers, what was
/// left out. Loads nothing and runs nothing.
std::string evaluation_page(const Evaluation& evaluation, const std::vector<std::string>& pictures);

}  // namespace solstice
