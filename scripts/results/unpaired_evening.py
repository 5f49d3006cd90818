"""L1 and PSNR of translated days against the computed evenings of the held-out photos.

usage: unpaired_evening.py OUT   (called by unpaired_evening.sh; needs numpy and Pillow)

The same candidates and measures as daynight.py. Writes OUT/figures.json and OUT/rows.jpg: a row of
input, ours and computed evening for each photo.
"""
import json
import pathlib
import sys

import numpy as np
from PIL import Image

from daynight import channel_statistics, load, measure, moved


def main(out):
    data = out / "data"
    mean, deviation = channel_statistics(sorted((data / "trainB").iterdir()))
    table = {"day": [], "moved": [], "ours": []}
    strips = []
    for path in sorted((data / "testA").iterdir()):
        day, truth = load(path), load(data / "testB" / path.name)
        ours = load(out / "evening" / f"{path.stem}.png")
        for name, image in {"day": day, "moved": moved(day, mean, deviation), "ours": ours}.items():
            table[name].append(measure(image, truth))
        strips.append(np.concatenate([day, ours, truth], axis=1).astype(np.uint8))
    figures = {name: dict(zip(("l1", "psnr"), np.mean(v, 0).round(2).tolist())) for name, v in table.items()}
    Image.fromarray(np.concatenate(strips, axis=0)).save(out / "rows.jpg", quality=68)
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
