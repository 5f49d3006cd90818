#!/usr/bin/env bash
# From nothing to a translated folder: sets up, builds, trains a small network on samples/ for two
# or three minutes, translates four photos it never saw, and names a page that shows them. A second
# run finds its work done.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build.sh solstice
solstice=build/${SOLSTICE_PRESET:-ci}/solstice

printf '\nTraining on samples/photos: day on the left, the same photo in the evening on the right.\n'
"$solstice" train --recipe evening --data samples/photos --out demo/run --resume

printf '\nTranslating the four photos of samples/photos/testA.\n'
"$solstice" translate --model demo/run samples/photos/testA --out demo/evening --existing newer \
  --gallery demo/page

printf '\nBefore and after:\n  page:  %s\n  image: %s\n' \
  "$PWD/demo/page/index.html" "$PWD/demo/page/before_after.png"
