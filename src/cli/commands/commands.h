#pragma once

#include <string>
#include <vector>

#include "core/options.h"

namespace solstice {

// One pair a command; each stands in a file of its own, and the table is in commands.cc.
std::vector<Field> train_options();
int run_train(const std::vector<std::string>& arguments);

std::vector<Field> translate_options();
int run_translate(const std::vector<std::string>& arguments);

std::vector<Field> evaluate_options();
int run_evaluate(const std::vector<std::string>& arguments);

std::vector<Field> report_options();
int run_report(const std::vector<std::string>& arguments);

std::vector<Field> inspect_options();
int run_inspect(const std::vector<std::string>& arguments);

std::vector<Field> convert_options();
int run_convert(const std::vector<std::string>& arguments);

}  // namespace solstice
