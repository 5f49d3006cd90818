#!/usr/bin/env bash
# Trains superres_x2, and superres_x4 from it, on BSDS300's training photos and T91, and measures
# both on Set5, which they never saw, beside bicubic.
#
#   scripts/results/superres.sh SOLSTICE DATA OUT [options of train]
#
# DATA holds bsds300/train, t91 and set5. A second call goes on where the first stopped. With
# MODEL_X2 or MODEL_X4 nothing is trained and those models are measured.
set -euo pipefail
if (($# < 3)); then
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
solstice=$1 data=$2 out=$3
shift 3

# One folder of both, as links.
mkdir -p "$out/photos"
for folder in bsds300/train t91; do
  for file in "$(realpath "$data/$folder")"/*; do
    ln -sfn "$file" "$out/photos/${folder%%/*}_${file##*/}"
  done
done

# 1: some images of T91 are smaller than a crop, which costs them alone.
train() {
  "$solstice" train --resume --data "$out/photos" "$@" || (($? == 1))
}

if [[ -z ${MODEL_X2:-}${MODEL_X4:-} ]]; then
  train --recipe superres_x2 --repeat 36 --out "$out/x2_first" "$@"
  # Once more up and down with the rate, over a longer average.
  train --recipe superres_x2 --repeat 36 --init-from "$out/x2_first" --epochs 4 --lr 0.0005 \
    --ema 0.999 --seed 2 --out "$out/x2" "$@"
  train --recipe superres_x4 --repeat 36 --init-from "$out/x2" --epochs 7 --ema 0.999 --seed 3 \
    --out "$out/x4" "$@"
  MODEL_X2=$out/x2 MODEL_X4=$out/x4
fi

for model in ${MODEL_X2:+"$MODEL_X2"} ${MODEL_X4:+"$MODEL_X4"}; do
  printf '\n%s on Set5:\n' "$model"
  "$solstice" evaluate --model "$model" --data "$data/set5" --metrics psnr,ssim --channel y
done
