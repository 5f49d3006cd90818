"""L1 and PSNR of translated days against the true night photos of the test pairs.

usage: daynight.py DATA OUT   (called by daynight.sh; needs numpy and Pillow)

Three candidates stand beside each other: (a) the untouched day photo, (b) the day photo with the
mean and deviation of each channel moved to those of the training nights, (c) ours. L1 is the mean
absolute difference in levels of 0 to 255, PSNR is over all channels of one photo, peak 255; both
are means over the pairs. Writes OUT/figures.json and OUT/rows/<n>.png: input, ours, truth.
"""
import csv
import json
import pathlib
import sys

import numpy as np
from PIL import Image


def load(path):
    return np.asarray(Image.open(path).convert("RGB"), dtype=np.float64)


def channel_statistics(paths):
    """Mean and deviation per channel over all pixels of all photos."""
    count, total, squares = 0, np.zeros(3), np.zeros(3)
    for path in paths:
        pixels = load(path).reshape(-1, 3)
        count += len(pixels)
        total += pixels.sum(0)
        squares += (pixels**2).sum(0)
    mean = total / count
    return mean, np.sqrt(squares / count - mean**2)


def moved(day, mean, deviation):
    own = day.reshape(-1, 3)
    shifted = (day - own.mean(0)) / np.maximum(own.std(0), 1e-6) * deviation + mean
    return np.clip(np.round(shifted), 0, 255)


def measure(candidate, truth):
    squared = np.mean((candidate - truth) ** 2)
    return np.mean(np.abs(candidate - truth)), 10 * np.log10(255**2 / max(squared, 1e-10))


def main(data, out):
    with open(data / "pairs.tsv", newline="") as file:
        pairs = list(csv.DictReader(file, delimiter="\t"))
    nights = sorted({data / row["night"] for row in pairs if row["split"] == "train"})
    mean, deviation = channel_statistics(nights)
    (out / "rows").mkdir(exist_ok=True)
    rows = {"day": [], "moved": [], "ours": []}
    scenes = []
    for number, row in enumerate(row for row in pairs if row["split"] == "test"):
        day, truth = load(data / row["day"]), load(data / row["night"])
        ours = load(out / "night" / (pathlib.Path(row["day"]).stem + ".png"))
        shown = {"day": day, "moved": moved(day, mean, deviation), "ours": ours}
        for name, image in shown.items():
            rows[name].append(measure(image, truth))
        scenes.append(row["scene"])
        strip = np.concatenate([day, ours, truth], axis=1).astype(np.uint8)
        Image.fromarray(strip).save(out / "rows" / f"{number:02d}_{row['scene']}.png")
    figures = {"pairs": len(scenes)}
    for name, values in rows.items():
        table = np.array(values)
        by_scene = {s: table[[x == s for x in scenes]].mean(0).round(3).tolist() for s in sorted(set(scenes))}
        figures[name] = {"l1": round(table[:, 0].mean(), 3), "psnr": round(table[:, 1].mean(), 3),
                         "by_scene_l1_psnr": by_scene}
    better = [o[0] < m[0] for o, m in zip(rows["ours"], rows["moved"])]
    figures["ours_better_than_moved"] = int(sum(better))
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
