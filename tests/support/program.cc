#include "support/program.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>
#include <stdexcept>

namespace solstice::testing {
namespace {

constexpr uid_t kNobody = 65534;

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(size_t which) {
    if (ends[which] >= 0) close(ends[which]);
    ends[which] = -1;
  }
};

/// Options that the tester's own environment sets (SOLSTICE_NGF=8) are not part of a test.
void forget_options() {
  std::vector<std::string> names;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (text.starts_with("SOLSTICE_")) names.push_back(text.substr(0, text.find('=')));
  }
  for (const std::string& name : names) unsetenv(name.c_str());
}

[[noreturn]] void become(const std::vector<std::string>& command, const ProgramOptions& options,
                         int out, int err) {
  const char* input = options.input.empty() ? "/dev/null" : options.input.c_str();
  dup2(open(input, O_RDONLY), STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  if (!options.directory.empty() && chdir(options.directory.c_str()) != 0) _exit(126);
  forget_options();
  for (const auto& [name, value] : options.environment) setenv(name.c_str(), value.c_str(), 1);
  if (options.file_size_limit > 0) {
    const auto limit = static_cast<rlim_t>(options.file_size_limit);
    const rlimit both{limit, limit};
    setrlimit(RLIMIT_FSIZE, &both);
    signal(SIGXFSZ, SIG_IGN);
  }
  if (options.as_nobody &&
      (setgroups(0, nullptr) != 0 || setgid(kNobody) != 0 || setuid(kNobody) != 0)) {
    _exit(126);
  }
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execv(words[0], words.data());
  _exit(127);
}

/// Reads both pipes until the program closes them.
void collect(pid_t child, Pipe& out, Pipe& err, const ProgramOptions& options, Finished& result) {
  std::array<pollfd, 2> watched{{{out.ends[0], POLLIN, 0}, {err.ends[0], POLLIN, 0}}};
  std::array<std::string*, 2> texts{&result.out, &result.err};
  bool signalled = false;
  while (watched[0].fd >= 0 || watched[1].fd >= 0) {
    if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR) break;
    for (size_t i = 0; i < watched.size(); ++i) {
      if (watched[i].fd < 0 || watched[i].revents == 0) continue;
      std::array<char, 4096> buffer;
      const ssize_t got = read(watched[i].fd, buffer.data(), buffer.size());
      if (got <= 0) {
        watched[i].fd = -1;
        continue;
      }
      texts[i]->append(buffer.data(), static_cast<size_t>(got));
      const int wanted = options.watch && !signalled ? options.watch(result.out, result.err) : 0;
      if (wanted != 0) {
        signalled = true;
        kill(child, wanted);
      }
    }
  }
}

}  // namespace

Finished run_program(const std::vector<std::string>& command, const ProgramOptions& options) {
  Pipe out;
  Pipe err;
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) become(command, options, out.ends[1], err.ends[1]);
  out.close_end(1);
  err.close_end(1);
  Finished result;
  collect(child, out, err, options, result);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (result.code == 127 && result.out.empty() && result.err.empty()) {
    throw std::runtime_error("cannot be started: " + command.front());
  }
  return result;
}

Finished run_solstice(std::vector<std::string> arguments, const ProgramOptions& options) {
  arguments.insert(arguments.begin(), SOLSTICE_BINARY);
  return run_program(arguments, options);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace solstice::testing
