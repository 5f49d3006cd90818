"""Grey versions of held-out photos, and how near to the truth and how colourful their colours are.

usage: colorize.py grey|measure OUT   (called by colorize.sh; needs numpy and Pillow)

`grey` writes OUT/grey/<stem>.png with the lightness (CIE L) of the photos in OUT/data/test.
`measure` sets three candidates beside each other: (a) the grey photo, (b) the photo with the mean
a and b of the training photos everywhere, (c) ours. PSNR is over all channels of a photo, peak 255;
`ab` is the mean distance in the a-b plane of Lab; `colourfulness` is that of Hasler and
Suesstrunk 2003; `lightness` is the largest difference of L from the grey photo's. All are means
over the photos. Writes OUT/figures.json and OUT/rows/<stem>.png: grey, ours, truth.
"""
import json
import pathlib
import sys

import numpy as np
from PIL import Image

TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375],
                   [0.2126729, 0.7151522, 0.0721750],
                   [0.0193339, 0.1191920, 0.9503041]])
WHITE = TO_XYZ.sum(1)
KNEE = 6 / 29


def load(path):
    return np.asarray(Image.open(path).convert("RGB"), dtype=np.float64)


def save(path, pixels):
    Image.fromarray(np.uint8(np.clip(np.round(pixels), 0, 255))).save(path)


def lab_of(pixels):
    value = pixels / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    t = linear @ TO_XYZ.T / WHITE
    f = np.where(t > KNEE**3, np.cbrt(t), t / (3 * KNEE**2) + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]),
                     200 * (f[..., 1] - f[..., 2])], -1)


def linear_of(lab):
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], -1)
    t = np.where(f > KNEE, f**3, (f - 4 / 29) * 3 * KNEE**2)
    return (t * WHITE) @ np.linalg.inv(TO_XYZ).T


def pixels_of(lab):
    """Colours that sRGB lacks get a smaller a and b, as the program does it."""
    inside, outside = np.zeros(lab.shape[:2]), np.ones(lab.shape[:2])
    for _ in range(14):
        share = (inside + outside) / 2
        linear = linear_of(lab * np.stack([np.ones_like(share), share, share], -1))
        shown = np.all((linear > -1e-6) & (linear < 1 + 1e-6), -1)
        inside, outside = np.where(shown, share, inside), np.where(shown, outside, share)
    inside = np.where(inside > 0.9998, 1, inside)
    linear = linear_of(lab * np.stack([np.ones_like(inside), inside, inside], -1)).clip(0, 1)
    value = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(255 * value)


def colourfulness(pixels):
    red_green = pixels[..., 0] - pixels[..., 1]
    yellow_blue = (pixels[..., 0] + pixels[..., 1]) / 2 - pixels[..., 2]
    return (np.hypot(red_green.std(), yellow_blue.std())
            + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))


def psnr(candidate, truth):
    return 10 * np.log10(255**2 / max(np.mean((candidate - truth) ** 2), 1e-10))


def with_colours(lab, ab):
    return pixels_of(np.concatenate([lab[..., :1], np.broadcast_to(ab, lab[..., 1:].shape)], -1))


def write_grey(out):
    (out / "grey").mkdir(exist_ok=True)
    for path in sorted((out / "data/test").iterdir()):
        grey = with_colours(lab_of(load(path)), np.zeros(2))
        Image.fromarray(np.uint8(grey[..., 0])).save(out / "grey" / (path.stem + ".png"))


def measure(out):
    training = sorted((out / "data/train").iterdir())
    mean = np.mean([lab_of(load(path))[..., 1:].mean((0, 1)) for path in training], 0)
    (out / "rows").mkdir(exist_ok=True)
    rows = {"grey": [], "mean colour": [], "ours": [], "truth": []}
    for path in sorted((out / "data/test").iterdir()):
        truth = load(path)
        lab = lab_of(truth)
        grey = load(out / "grey" / (path.stem + ".png"))
        ours = load(out / "coloured" / (path.stem + ".png"))
        shown = {"grey": grey, "mean colour": with_colours(lab, mean), "ours": ours, "truth": truth}
        for name, image in shown.items():
            own = lab_of(image)
            rows[name].append([psnr(image, truth), colourfulness(image),
                               np.hypot(*np.moveaxis(own - lab, -1, 0)[1:]).mean(),
                               np.abs(own[..., 0] - lab_of(grey)[..., 0]).max()])
        save(out / "rows" / (path.stem + ".png"), np.concatenate([grey, ours, truth], 1))
    names = ["psnr", "colourfulness", "ab", "lightness"]
    figures = {"photos": len(rows["ours"]), "training_photos": len(training)}
    for name, values in rows.items():
        means = np.mean(values, 0)
        means[3] = np.max(values, 0)[3]
        figures[name] = {key: round(float(value), 3) for key, value in zip(names, means)}
    del figures["truth"]["psnr"], figures["truth"]["ab"], figures["truth"]["lightness"]
    del figures["mean colour"]["lightness"]
    (out / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("grey", "measure"):
        sys.exit(__doc__)
    (write_grey if sys.argv[1] == "grey" else measure)(pathlib.Path(sys.argv[2]))
