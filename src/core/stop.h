#pragma once

namespace solstice {

/// Ctrl-C (SIGINT), SIGTERM and SIGHUP (the terminal is gone; not under nohup) ask for a clean
/// stop: what is in flight is finished and saved. A second SIGINT or SIGTERM ends the process at
/// once. Called once, by main.
void install_stop_handlers();

/// The signal that asked for a stop, or 0. Safe from any thread.
int stop_signal();

/// Asks for a stop from inside the program, as the signal would. 0 takes the request back (tests).
void request_stop(int signal);

}  // namespace solstice
