#!/usr/bin/env bash
# Day to evening without pairs, on the samples' own photos: trains, translates, measures, one picture.
#   scripts/results/unpaired_evening.sh SOLSTICE OUT [train options...]
# Ten of samples/photos stand in OUT/data/trainA by day, ten others in trainB by evening, so that no
# photo is in both. OUT gets the run, the translated test days, figures.json and rows.jpg. Measuring
# needs python3 (or PYTHON) with numpy and Pillow; the program does not.
set -euo pipefail
if [ $# -lt 2 ]; then
  sed -n '2,6p' "$0" >&2
  exit 2
fi
photos=$(cd "$(dirname "$0")/../../samples/photos" && pwd)
solstice=$1 out=$2
shift 2
mkdir -p "$out"/data/{trainA,trainB}
cp -r "$photos/testA" "$photos/testB" "$out/data/"
names=("$photos"/trainA/*.jpg)
for index in "${!names[@]}"; do
  side=$([ $((index % 2)) = 0 ] && echo trainA || echo trainB)
  cp "$photos/$side/$(basename "${names[$index]}")" "$out/data/$side/"
done
"$solstice" train --recipe summer2winter --data "$out/data" --out "$out/run" --resume \
  --generator resnet_6blocks --ngf 16 --ndf 16 --load-size 256 --crop-size 128 "$@"
"$solstice" translate --model "$out/run" --direction AtoB "$out/data/testA" --out "$out/evening" \
  --format png --existing newer
exec "${PYTHON:-python3}" "$(dirname "$0")/unpaired_evening.py" "$out"
