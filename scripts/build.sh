#!/usr/bin/env bash
# Sets up what is missing and builds with the preset `ci` (the fastest clean build), or the one that
# SOLSTICE_PRESET names. Arguments are targets; none means all.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/setup.sh
preset=${SOLSTICE_PRESET:-ci}
log=build/$preset-configure.log
mkdir -p build
# Given every time: CMake remembers the LIBTORCH_ROOT it saw first.
if ! cmake --preset "$preset" -DLIBTORCH_ROOT="${LIBTORCH_ROOT:-}" >"$log" 2>&1; then
  cat "$log" >&2
  printf 'build: configuring failed; the whole output is above and in %s\n' "$log" >&2
  exit 2
fi
targets=()
if (($#)); then targets=(--target "$@"); fi
# LibTorch's headers cost 1.2 GB a job: two jobs, or as many as the memory carries.
jobs=$(awk -v cores="$(nproc)" '/MemAvailable/ { n = int($2 / 2000000) }
  END { print (n < 1 ? 1 : (n > cores ? cores : n)) }' /proc/meminfo)
cmake --build "build/$preset" --parallel "$jobs" "${targets[@]}"
