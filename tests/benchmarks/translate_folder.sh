#!/usr/bin/env bash
# How much of the model's own speed `translate` keeps on a folder, and how its memory grows with the
# number of files. The folder's photos are linked under new names until there are enough of them.
#
#   translate_folder.sh SOLSTICE MODEL PHOTOS [COUNT...]     (default counts: 100 1000)
#
# Prints one row a count: images/s of the whole process (start and loading the model included), of
# the translating alone, and of the infer stage by its own seconds (the bare model, measured in the
# same run); what the pipeline loses against the bare model; peak resident memory; busiest stage.
# With FORWARD_PASS naming the program of that name (cmake -DSOLSTICE_BENCHMARKS=ON), a last line gives
# the bare forward pass on the first photo, nothing running beside it, before and after.
# Further options for `translate` may stand in TRANSLATE_OPTIONS.
set -euo pipefail

if [ $# -lt 3 ]; then
  sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
solstice=$1 model=$2 photos=$3
shift 3
[ $# -gt 0 ] || set -- 100 1000

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

link_photos() {  # COUNT FOLDER
  mkdir -p "$2"
  find -L "$(realpath "$photos")" -type f \
    \( -iname '*.jpg' -o -iname '*.jpeg' -o -iname '*.png' -o -iname '*.webp' \) | sort >"$work/list"
  [ -s "$work/list" ] || { echo "no photos in $photos" >&2; exit 2; }
  local made=0 photo
  while [ "$made" -lt "$1" ]; do
    while [ "$made" -lt "$1" ] && IFS= read -r photo; do
      ln -s "$photo" "$2/$(printf '%06d' "$made").${photo##*.}"
      made=$((made + 1))
    done <"$work/list"
  done
}

# Runs the command and writes its wall time and peak resident memory.
measured() {  # FILE COMMAND...
  python3 - "$@" <<'PYTHON'
import os, sys, time
start = time.monotonic()
child = os.spawnvp(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w") as out:
    print(time.monotonic() - start, usage.ru_maxrss / 1024, file=out)
sys.exit(os.waitstatus_to_exitcode(status))
PYTHON
}

bare() {  # the forward pass alone, on the first photo
  [ -z "${FORWARD_PASS:-}" ] || "$FORWARD_PASS" "$model" "$(find -L "$photos" -type f | sort | head -n 1)" 30
}

bare_before=$(bare)
printf '%7s %14s %14s %14s %8s %10s  %s\n' \
  files 'process img/s' 'folder img/s' 'bare img/s' 'lost' 'peak MiB' 'busiest stage'
for count in "$@"; do
  link_photos "$count" "$work/in$count"
  # shellcheck disable=SC2086  # several options in one variable
  measured "$work/usage" "$solstice" translate --quiet --model "$model" "$work/in$count" \
    --out "$work/out$count" --report "$work/report.json" ${TRANSLATE_OPTIONS:-}
  python3 - "$work/report.json" "$work/usage" <<'PYTHON'
import json, sys
report = json.load(open(sys.argv[1]))
process_seconds, peak = map(float, open(sys.argv[2]).read().split())
done = report["counts"]["done"]
infer = next(stage["seconds"] for stage in report["stages"] if stage["name"] == "infer")
lost = 1 - infer / report["seconds"]
print(f"{done:7d} {done / process_seconds:14.3f} {report['images_per_second']:14.3f} "
      f"{done / infer:14.3f} {100 * lost:6.1f} % {peak:10.1f}  {report['bottleneck']}")
PYTHON
  rm -rf "$work/out$count" "$work/in$count"
done
[ -z "${FORWARD_PASS:-}" ] || echo "forward pass alone: $bare_before images/s before, $(bare) after"
