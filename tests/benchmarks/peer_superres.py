#!/usr/bin/env python3
"""Enlarges one large photo with solstice and with ONNX Runtime, in turn, from the same weights.

    peer_superres.py SOLSTICE MODEL.safetensors PHOTO OUT [--rounds 3] [--threads 2]

MODEL is an edsr. solstice is timed as a whole process (decoding, encoding, start), ONNX Runtime on
tiles of 1024 x 768 of the decoded photo, bare: no halo, no decoding. Needs torch, onnx,
onnxruntime, numpy and Pillow; solstice does not.
"""

import argparse
import json
import os
import statistics
import struct
import subprocess
import time

import numpy
import onnxruntime
import torch
from PIL import Image

TILE = (768, 1024)


def read_safetensors(path):
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32)
        tensors[name] = values.view(entry["shape"])
    return tensors


class Edsr(torch.nn.Module):
    """The published architecture, from the names of its tensors."""

    def __init__(self, state):
        super().__init__()
        self.state = state

    def conv(self, name, x):
        weight = self.state[name + ".weight"]
        return torch.nn.functional.conv2d(x, weight, self.state[name + ".bias"], padding=weight.shape[2] // 2)

    def forward(self, x):
        x = self.conv("head.0", self.conv("sub_mean", x))
        head, block = x, 0
        while f"body.{block}.body.0.weight" in self.state:
            inner = torch.relu(self.conv(f"body.{block}.body.0", x))
            x = x + self.conv(f"body.{block}.body.2", inner)
            block += 1
        x = head + self.conv(f"body.{block}", x)
        place = 0
        while f"tail.0.{place}.weight" in self.state:
            grown = self.conv(f"tail.0.{place}", x)
            x = torch.nn.functional.pixel_shuffle(grown, int((grown.shape[1] // x.shape[1]) ** 0.5))
            place += 2
        return self.conv("add_mean", self.conv("tail.1", x))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("solstice")
    parser.add_argument("model")
    parser.add_argument("photo")
    parser.add_argument("out")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)

    photo = numpy.asarray(Image.open(options.photo).convert("RGB"), dtype=numpy.float32)
    pixels = photo.shape[0] * photo.shape[1]
    onnx = os.path.join(options.out, "model.onnx")
    example = torch.rand(1, 3, *TILE) * 255
    torch.onnx.export(Edsr(read_safetensors(options.model)), example, onnx, opset_version=17, dynamo=False,
                      input_names=["x"], dynamic_axes={"x": {2: "h", 3: "w"}})
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(onnx, settings, providers=["CPUExecutionProvider"])

    def onnx_runtime():
        begin = time.perf_counter()
        for top in range(0, photo.shape[0], TILE[0]):
            for left in range(0, photo.shape[1], TILE[1]):
                tile = photo[top:top + TILE[0], left:left + TILE[1]]
                session.run(None, {"x": numpy.ascontiguousarray(tile.transpose(2, 0, 1)[None])})
        return time.perf_counter() - begin

    def solstice():
        begin = time.perf_counter()
        subprocess.run([options.solstice, "translate", "--model", options.model, options.photo, "--out",
                        os.path.join(options.out, "images"), "--existing", "overwrite", "--quiet",
                        "--threads", str(options.threads)], check=True)
        return time.perf_counter() - begin

    times = {"solstice": [], "ONNX Runtime": []}
    for _ in range(options.rounds):
        times["solstice"].append(solstice())
        times["ONNX Runtime"].append(onnx_runtime())
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"{name}: {middle:.1f} s, {pixels / middle / 1e6:.3f} megapixels/s of input {[round(s, 1) for s in seconds]}")
    ratios = [b / a for a, b in zip(times["solstice"], times["ONNX Runtime"])]
    print(f"ONNX Runtime's time over solstice's: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
