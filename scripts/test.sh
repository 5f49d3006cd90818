#!/usr/bin/env bash
# Sets up, builds and runs every test. Arguments go to ctest: scripts/test.sh -R weights
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build.sh
build=build/${SOLSTICE_PRESET:-ci}
output=$build/test-output.txt
code=0
# OpenMP's waiting threads must not spin on cores that another test needs.
OMP_WAIT_POLICY=passive ctest --test-dir "$build" --output-on-failure --parallel 2 "$@" 2>&1 |
  tee "$output" || code=$?

# Tests that were skipped, with their reasons; a program of many tests is one entry of ctest's.
log=$build/Testing/Temporary/LastTest.log
if [[ -f $log ]]; then
  awk '/: Skipped$/ { getline reason }
       /^\[  SKIPPED \] [^ ]+ \(/ { print "skipped: " $4 ": " reason }' "$log" | sort -u
fi
awk '/tests passed, .* out of/ {
       for (i = 1; i <= NF; ++i) if ($i == "tests" && $(i + 1) == "failed") failed = $(i - 1)
       total = $NF
     }
     /\(Skipped\)$/ { ++skipped }
     END { printf "%d passed, %d failed, %d skipped\n", total - failed - skipped, failed, skipped }' \
  "$output"
exit "$code"
