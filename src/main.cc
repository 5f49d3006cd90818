#include <unistd.h>

#include <cstdio>
#include <exception>
#include <new>

#include "cli/cli.h"

/// For what nobody catches: libraries that find no memory before main() begins, a thread's end.
[[noreturn]] static void end_in_one_line() {
  try {
    if (const auto thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const std::bad_alloc&) {
    dprintf(STDERR_FILENO, "error: not enough memory (see ulimit -v)\n");
  } catch (const std::exception& error) {
    dprintf(STDERR_FILENO, "error: unexpected: %s\n", error.what());
  } catch (...) {
  }
  _exit(solstice::kNotDone);
}

/// Run before the constructors of libraries.
[[gnu::section(".preinit_array"), gnu::used]] static void (*const g_first)() = [] {
  std::set_terminate(end_in_one_line);
};

int main(int argc, char** argv) { return solstice::run_cli(argc, argv); }
