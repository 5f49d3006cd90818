#!/usr/bin/env bash
# Colourisation on held-out photos: trains, colours grey versions of them, and measures.
#   scripts/results/colorize.sh SOLSTICE PHOTOS OUT [train options...]
#   MODEL=FILE scripts/results/colorize.sh SOLSTICE PHOTOS OUT     (no training: of this model)
# PHOTOS is a folder of colour photos; sorted by name, the 1st, 9th, 17th ... are held out. OUT gets
# the run, the coloured photos, a picture row (grey, ours, truth) for each, and figures.json. Needs
# python3 with numpy and Pillow (Debian: python3-numpy python3-pil); the program does not.
set -euo pipefail
if [ $# -lt 3 ]; then
  sed -n '2,7p' "$0" >&2
  exit 2
fi
solstice=$1 photos=$(realpath "$2") out=$3
shift 3
here=$(dirname "$0")
mkdir -p "$out/data/train" "$out/data/test"
number=0
while IFS= read -r name; do
  part=train
  if [ $((number % 8)) = 0 ]; then part=test; fi
  ln -sf "$photos/$name" "$out/data/$part/$name"
  number=$((number + 1))
done < <(cd "$photos" && LC_ALL=C ls)
model=${MODEL:-$out/run}
if [ -z "${MODEL:-}" ]; then
  "$solstice" train --recipe colorize --data "$out/data" --out "$out/run" --resume "$@"
fi
python3 "$here/colorize.py" grey "$out"
"$solstice" translate --model "$model" "$out/grey" --out "$out/coloured" --existing changed
exec python3 "$here/colorize.py" measure "$out"
