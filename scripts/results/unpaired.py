"""How far translated test images are, as a set, from real images of the other domain.

usage: unpaired.py DATA OUT FEATURES STAGE...   (called by unpaired.sh; needs torch, numpy, Pillow)

The distance has the form of KID (Binkowski et al. 2018): the unbiased squared maximum mean
discrepancy under the kernel (x.y / d + 1)^3, times 1000, but on the 512 pooled features of SqueezeNet 1.0, so it
compares only with itself. `standard error` is the jackknife's over the translated images.
`diversity` is the mean feature distance between two translations divided by that between two real
test images of the domain they should be in: a generator that makes one picture of everything has 0.
`zebras` counts what the network classifies as one.
Writes OUT/figures.json and OUT/rows/<domain>_<n>.png: the input, then every stage.
"""
import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

ZEBRA = 340  # of the thousand classes of ImageNet
MEAN = torch.tensor([104.0, 117.0, 123.0]).view(1, 3, 1, 1)  # blue, green, red
SIDE = 227
FIRES = [(16, 96, 64), (16, 128, 64), (32, 128, 128), (32, 256, 128),
         (48, 256, 192), (48, 384, 192), (64, 384, 256), (64, 512, 256)]


def layer_shapes():
    yield "conv1", (96, 3, 7, 7)
    for number, (squeeze, before, expand) in enumerate(FIRES, 2):
        yield f"fire{number}/squeeze1x1", (squeeze, before, 1, 1)
        yield f"fire{number}/expand1x1", (expand, squeeze, 1, 1)
        yield f"fire{number}/expand3x3", (expand, squeeze, 3, 3)
    yield "conv10", (1000, 512, 1, 1)


class SqueezeNet:
    """SqueezeNet 1.0 (Iandola et al. 2016) from its Deep Compression file (Han et al. 2016): the
    number of nonzero weights of each layer, then for each a codebook of 256 floats, the biases, one
    byte of code per weight and half a byte for the zeros before it."""

    def __init__(self, path):
        data, shapes, self.layers = path.read_bytes(), list(layer_shapes()), {}
        at = 4 * len(shapes)
        counts = np.frombuffer(data[:at], "<u4")

        def take(count, kind):
            nonlocal at
            part = np.frombuffer(data, kind, count, at)
            at += part.nbytes
            return part

        for (name, shape), count in zip(shapes, counts):
            codebook, bias = take(256, "<f4"), take(shape[0], "<f4")
            codes, gaps = take(int(count), "u1"), take((int(count) + 1) // 2, "u1")
            zeros = np.stack([gaps % 16, gaps // 16], 1).reshape(-1)[:count].astype(np.int64)
            weights = np.zeros(np.prod(shape), np.uint8)
            weights[np.cumsum(zeros + 1) - 1] = codes
            self.layers[name] = [torch.from_numpy(codebook[weights].reshape(shape)),
                                 torch.from_numpy(bias.copy())]
        if at != len(data):
            sys.exit(f"{path}: {len(data)} bytes, {at} expected")

    def conv(self, x, name, **options):
        return torch.relu(F.conv2d(x, *self.layers[name], **options))

    def fire(self, x, number):
        x = self.conv(x, f"fire{number}/squeeze1x1")
        return torch.cat([self.conv(x, f"fire{number}/expand1x1"),
                          self.conv(x, f"fire{number}/expand3x3", padding=1)], 1)

    def __call__(self, image):
        """The 512 means over the image of what the last module makes of it, brought to a mean
        square of 1, and the class."""
        x = torch.from_numpy(image[:, :, ::-1].copy()).permute(2, 0, 1)[None].float() - MEAN
        x = F.max_pool2d(self.conv(x, "conv1", stride=2), 3, 2, ceil_mode=True)
        for number in range(2, 10):
            x = self.fire(x, number)
            if number in (4, 8):
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        scores = self.conv(x, "conv10").mean((2, 3))[0]
        pooled = x.mean((2, 3))[0].numpy().astype(np.float64)
        return pooled * np.sqrt(len(pooled)) / np.linalg.norm(pooled), int(scores.argmax())


def load(path):
    return np.asarray(Image.open(path).convert("RGB").resize((SIDE, SIDE), Image.BICUBIC))


def kernel(x, y):
    return (x @ y.T / x.shape[1] + 1) ** 3


def distance(x, y):
    xx, yy, n, m = kernel(x, x), kernel(y, y), len(x), len(y)
    within_x = (xx.sum() - np.trace(xx)) / (n * (n - 1))
    within_y = (yy.sum() - np.trace(yy)) / (m * (m - 1))
    return 1000 * (within_x + within_y - 2 * kernel(x, y).mean())


def with_error(x, y):
    left_out = np.array([distance(np.delete(x, i, 0), y) for i in range(len(x))])
    error = np.sqrt((len(x) - 1) * np.mean((left_out - left_out.mean()) ** 2))
    return {"distance": round(distance(x, y), 1), "standard error": round(float(error), 1)}


def spread(x):
    return np.mean([np.linalg.norm(a - b) for i, a in enumerate(x) for b in x[:i]])


def main(data, out, features, stages):
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    network = SqueezeNet(features)

    def of_folder(folder):
        seen = [network(load(path)) for path in sorted(folder.iterdir())]
        return np.stack([x for x, _ in seen]), sum(kind == ZEBRA for _, kind in seen)

    real = {domain: of_folder(data / f"train{domain}")[0] for domain in "AB"}
    test = {domain: of_folder(data / f"test{domain}") for domain in "AB"}

    def judge(features_and_zebras, target):
        found, zebras = features_and_zebras
        return {**with_error(found, real[target]), "zebras": zebras,
                "diversity": round(spread(found) / spread(test[target][0]), 2)}

    (out / "rows").mkdir(exist_ok=True)
    figures = {}
    for source, target in ("AB", "BA"):
        part = figures[f"{source} to {target}"] = {
            "untouched": judge(test[source], target),
            "real test images": judge(test[target], target)}
        for stage in stages:
            part[f"step {int(stage)}"] = judge(of_folder(out / "stages" / stage / target), target)
        for number, path in enumerate(sorted((data / f"test{source}").iterdir())):
            row = [path] + [out / "stages" / s / target / (path.stem + ".png") for s in stages]
            images = [np.asarray(Image.open(p).convert("RGB")) for p in row]
            Image.fromarray(np.concatenate(images, 1)).save(out / "rows" / f"{source}_{number:02d}.png")
    (out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    main(*map(pathlib.Path, sys.argv[1:4]), sys.argv[4:])
