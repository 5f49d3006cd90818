#!/usr/bin/env bash
# Unpaired translation on held-out images: trains, translates both test folders at four stages of the
# run, and measures.
#   scripts/results/unpaired.sh SOLSTICE DATA OUT FEATURES [train options...]
# DATA is a folder with trainA, trainB, testA, testB. FEATURES is the file of SqueezeNet 1.0 in the
# Deep Compression format (songhan/SqueezeNet-Deep-Compression: compressed_SqueezeNet.net), by whose
# features sets of images are compared. OUT gets the run, the translations, a picture row (input, four stages) for every test image,
# and figures.json. The measuring needs python3 with torch, numpy and Pillow; the program does not.
# With --resume among the train options a run that is there is gone on with, and a finished one only
# measured.
set -euo pipefail
if [ $# -lt 4 ]; then
  sed -n '2,11p' "$0" >&2
  exit 2
fi
solstice=$1 data=$2 out=$3 features=$4
shift 4
mkdir -p "$out"
if [ ! -f "$out/run/model.safetensors" ] || [ $# -gt 0 ]; then
  "$solstice" train --recipe summer2winter --data "$data" --keep-checkpoints 1000 "$@" --out "$out/run"
fi
mapfile -t kept < <(ls "$out/run/checkpoints" | grep -E '^[0-9]+$' | sort)
last=$((${#kept[@]} - 1))
stages=("${kept[0]}" "${kept[last / 3]}" "${kept[2 * last / 3]}" "${kept[last]}")
for stage in "${stages[@]}"; do
  "$solstice" translate --model "$out/run/checkpoints/$stage/G_A.safetensors" "$data/testA" \
    --out "$out/stages/$stage/B" --format png --existing newer --quiet
  "$solstice" translate --model "$out/run/checkpoints/$stage/G_B.safetensors" "$data/testB" \
    --out "$out/stages/$stage/A" --format png --existing newer --quiet
done
exec "${PYTHON:-python3}" "$(dirname "$0")/unpaired.py" "$data" "$out" "$features" "${stages[@]}"
