#include <array>

#include "cli/cli.h"
#include "cli/commands/commands.h"

namespace solstice {
namespace {

const std::array kCommands{
    Command{"train", "trains a network on folders of images",
            "--recipe NAME --data DIR --out RUN [options]", &train_options, &run_train},
    Command{"translate", "translates images or whole folders",
            "--model RUN|FILE INPUT... --out DIR [options]", &translate_options, &run_translate},
    Command{"evaluate", "says in numbers how good results or a model are",
            "--images DIR --truth DIR | --model RUN|FILE --data DIR [options]", &evaluate_options,
            &run_evaluate},
    Command{"report", "makes one report of those of several machines",
            "merge FILE... [--out FILE] [options]", &report_options, &run_report},
    Command{"inspect", "says what a model, run or weight file is", "FILE... [options]",
            &inspect_options, &run_inspect},
    Command{"convert", "weights between .safetensors and .pth, bit for bit", "IN OUT [options]",
            &convert_options, &run_convert},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace solstice
