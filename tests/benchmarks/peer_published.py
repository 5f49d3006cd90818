#!/usr/bin/env python3
"""A full-size published network of random weights: solstice's result and cost beside PyTorch's.

    peer_published.py SOLSTICE PHOTO OUT rrdb_x4|rrdb_x2|edsr_x4 [--threads 1]

The networks are those of tests/models/make_published.py: the tests compare small ones, this the
largest. Prints the largest difference in levels of 8 bits (half of one is rounding), processor
seconds and peak memory of both; of PyTorch the network alone. Needs torch, numpy and Pillow.
"""

import argparse
import os
import resource
import subprocess
import sys
import time

import numpy
import torch
from PIL import Image
from torch.nn import functional as F

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models"))
from make_published import EDSR, RRDBNet, lively  # noqa: E402

MARGIN = 8  # reflected pixels that solstice computes around an image
NETWORKS = {
    "rrdb_x4": (4, lambda: RRDBNet(4, 64, 32, 23)),
    "rrdb_x2": (2, lambda: RRDBNet(2, 64, 32, 23)),
    "edsr_x4": (4, lambda: EDSR(4, 256, 32, 0.1)),
}


def calm(network, image):
    """Moves the results into the middle of [0, 1], where nothing is clipped."""
    for _ in range(2):
        result = network(image)
        factor = 0.12 / result.std(dim=(0, 2, 3))
        wanted = 0.5 - result.mean(dim=(0, 2, 3)) * factor
        inner = 255 if isinstance(network, EDSR) else 1
        network.conv_last.weight.mul_(factor.view(3, 1, 1, 1))
        network.conv_last.bias.mul_(factor).add_(wanted * inner)


parser = argparse.ArgumentParser()
parser.add_argument("solstice")
parser.add_argument("photo")
parser.add_argument("out")
parser.add_argument("network", choices=NETWORKS)
parser.add_argument("--threads", type=int, default=1)
options = parser.parse_args()

torch.manual_seed(1)
torch.set_num_threads(options.threads)
torch.set_grad_enabled(False)
scale, make = NETWORKS[options.network]
network = lively(make())
pixels = torch.from_numpy(numpy.array(Image.open(options.photo).convert("RGB")))
image = pixels.permute(2, 0, 1)[None].float() / 255
height, width = image.shape[2:]
square = getattr(network, "square", 1)
below, right = (MARGIN + -(side + 2 * MARGIN) % square for side in (height, width))
image = F.pad(image, (MARGIN, right, MARGIN, below), mode="reflect")
calm(network, image[:, :, :64, :64])
os.makedirs(options.out, exist_ok=True)
weights = os.path.join(options.out, options.network + ".pth")
torch.save({"params": network.state_dict()}, weights)

subprocess.run([options.solstice, "translate", "--model", weights, options.photo, "--out", options.out, "--format",
                "png", "--existing", "overwrite", "--threads", str(options.threads)], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"solstice {used.ru_utime + used.ru_stime:.1f} s, {used.ru_maxrss / 1024:.0f} MiB")
begin = time.process_time()
result = network(image)
print(f"PyTorch {time.process_time() - begin:.1f} s, "
      f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
stem = os.path.splitext(os.path.basename(options.photo))[0]
ours = numpy.array(Image.open(os.path.join(options.out, stem + ".png"))).astype(numpy.float32)
edge = MARGIN * scale
theirs = result[0, :, edge:edge + height * scale, edge:edge + width * scale].permute(1, 2, 0)
print(f"clipped {float(((theirs < 0) | (theirs > 1)).float().mean()):.4f}, "
      f"largest difference {numpy.abs(ours - theirs.clamp(0, 1).numpy() * 255).max():.4f} levels")
