#include "core/stop.h"

#include <csignal>
#include <cstdlib>

#include <atomic>

namespace solstice {
namespace {

std::atomic<int> g_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler needs a lock-free flag");

extern "C" void on_signal(int signal) {
  // A terminal that goes away says so more than once: the kernel, then the shell.
  if (g_signal.exchange(signal) != 0 && signal != SIGHUP) std::_Exit(128 + signal);
}

}  // namespace

void install_stop_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction before {};
  const bool known = sigaction(SIGHUP, nullptr, &before) == 0;
  // Under nohup it is ignored, and stays so.
  if (known && before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
  // A reader that went away is an error of that write, not the end of the program.
  signal(SIGPIPE, SIG_IGN);
}

int stop_signal() { return g_signal.load(); }

void request_stop(int signal) { g_signal.store(signal); }

}  // namespace solstice
