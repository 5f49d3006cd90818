#!/usr/bin/env bash
# Repeats the short figures of docs/results.md: what needs no training. From a clone that is built:
#
#   scripts/results.sh DATA [OUT]
#
# DATA holds set5 and bsds300/train; OUT (results/) is for what is made on the way. The colours need
# python3 with numpy and Pillow (Debian: python3-numpy python3-pil) and are left out without them.
set -euo pipefail
if (($# < 1)); then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
solstice=build/${SOLSTICE_PRESET:-ci}/solstice
data=$1 out=${2:-results}

for scale in 2 3 4; do
  printf '\nBicubic, Set5 x%s:\n' "$scale"
  "$solstice" evaluate --data "$data/set5" --scale "$scale" --metrics psnr,ssim --channel y
done

for model in samples/models/superres_x*.safetensors; do
  printf '\n%s on Set5:\n' "$model"
  "$solstice" evaluate --model "$model" --data "$data/set5" --metrics psnr,ssim --channel y
done

printf '\nColours, held-out photos of BSDS300:\n'
if python3 -c 'import numpy, PIL' 2>/dev/null; then
  MODEL=samples/models/colorize.safetensors scripts/results/colorize.sh "$solstice" \
    "$data/bsds300/train" "$out/colorize"
else
  echo 'left out: python3 has no numpy or no Pillow (Debian: python3-numpy python3-pil)'
fi

printf '\nThe evening of samples/photos, four photos held out:\n'
"$solstice" translate --model evening samples/photos/testA --out "$out/evening" --format png \
  --existing newer --quiet
"$solstice" evaluate --images "$out/evening" --truth samples/photos/testB --metrics psnr,l1
