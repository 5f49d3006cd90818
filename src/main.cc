#include "cli/cli.h"

int main(int argc, char** argv) { return solstice::run_cli(argc, argv); }
