#!/usr/bin/env bash
# Day to night on held-out cameras: trains, translates the test days, and measures.
#   scripts/results/daynight.sh SOLSTICE DATA OUT [train options...]
# DATA is a folder with trainA, trainB, testA, testB and pairs.tsv. OUT gets the run, the translated
# days, a picture row (input, ours, truth) for every pair, and figures.json. The pictures need
# python3 with numpy and Pillow (Debian: python3-numpy python3-pil); the program does not.
set -euo pipefail
if [ $# -lt 3 ]; then
  sed -n '2,6p' "$0" >&2
  exit 2
fi
solstice=$1 data=$2 out=$3
shift 3
mkdir -p "$out"
"$solstice" train --recipe day2night --data "$data" --out "$out/run" --resume "$@"
"$solstice" translate --model "$out/run" "$data/testA" --out "$out/night" --format png --existing newer
exec python3 "$(dirname "$0")/daynight.py" "$data" "$out"
