#include <iostream>

#include "cli/cli.h"
#include "cli/command_line.h"
#include "cli/commands/commands.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/message.h"
#include "pipelines/merge_reports.h"
#include "pipelines/report.h"

namespace solstice {
namespace {

struct Options {
  std::string out;
  GlobalOptions global;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("out", self.out, "file for the merged report; empty: standard output");
    GlobalOptions::fields(self.global, visit);
  }
};

}  // namespace

std::vector<Field> report_options() {
  static Options defaults;
  return fields_of(defaults);
}

int run_report(const std::vector<std::string>& arguments) {
  Options options;
  const auto positional = begin_command(arguments, fields_of(options), options.global);
  if (positional.empty() || positional.front() != "merge") {
    throw Error(ErrorKind::kUsage, "report does one thing: solstice report merge FILE...");
  }
  if (positional.size() == 1) {
    throw Error(ErrorKind::kUsage, "no file: name the reports to merge");
  }
  std::vector<NamedReport> reports;
  for (size_t i = 1; i < positional.size(); ++i) reports.push_back(read_report(positional[i]));
  const MergedReport merged = merge_reports(reports);
  for (const std::string& problem : merged.problems) log_warning(problem);
  const std::string text = to_text(merged.report, options.global.json ? -1 : 2) + "\n";
  if (options.out.empty()) {
    std::cout << text;
  } else {
    write_file_atomically(options.out, text);
  }
  const bool whole = merged.problems.empty() && merged.failed == 0 && merged.remaining == 0;
  return whole ? kDone : kSomeFailed;
}

}  // namespace solstice
