#!/usr/bin/env python3
"""What `translate` leaves to the codecs when the model costs almost nothing.

    almost_free.py SOLSTICE CODEC_RATE PHOTOS WORK [--count 2000] [--rounds 5]

COUNT photos (those of PHOTOS, copied under new names until there are enough) go through a 1x1
network of 4 filters that changes nothing, so that what is encoded is what the codecs alone encode,
and through CODEC_RATE, which decodes and encodes on all processors: in memory, and once more with
each result written to a file (not renamed, not synced). Each round runs the three, and solstice on
one photo for its start, one after the other. Prints processor seconds (user and system: other
programs disturb them little) and images/s by the clock, of each round, and the medians of the
rounds' shares: the codecs' seconds or rate over those of `translate`, without its start.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import time


def write_identity(path):
    """relu(x_c + 1) - 1 for each colour c in [-1, 1]; a fourth filter that nothing reads."""
    colours = [[float(f == c) for c in range(3)] for f in range(4)]
    tensors = {
        "model.0.weight": ([4, 3, 1, 1], sum(colours, [])),
        "model.0.bias": ([4], [1.0, 1.0, 1.0, 0.0]),
        "model.2.weight": ([3, 4, 1, 1], [float(f == c) for c in range(3) for f in range(4)]),
        "model.2.bias": ([3], [-1.0, -1.0, -1.0]),
    }
    header, data = {}, b""
    for name, (shape, numbers) in tensors.items():
        begin = len(data)
        data += struct.pack(f"<{len(numbers)}f", *numbers)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def copy_photos(photos, count, folder):
    sources = sorted(p for p in photos.rglob("*") if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    if not sources:
        raise SystemExit(f"no photos in {photos}")
    folder.mkdir(parents=True)
    for i in range(count):
        source = sources[i % len(sources)]
        shutil.copyfile(source, folder / f"{i:06d}{source.suffix}")


def measured(command):
    """Processor seconds and seconds of a command."""
    begin = time.monotonic()
    child = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE)
    child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {child.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begin


def translated(solstice, model, photos, out):
    # Results stay until the end: file systems take long to make files where some were just removed.
    return measured([solstice, "translate", "--quiet", "--model", model, photos, "--out", out])


parser = argparse.ArgumentParser()
parser.add_argument("solstice", type=pathlib.Path)
parser.add_argument("codec_rate", type=pathlib.Path)
parser.add_argument("photos", type=pathlib.Path)
parser.add_argument("work", type=pathlib.Path, help="a folder that is not there yet")
parser.add_argument("--count", type=int, default=2000)
parser.add_argument("--rounds", type=int, default=5)
options = parser.parse_args()

work = options.work
copy_photos(options.photos, options.count, work / "photos")
copy_photos(work / "photos", 1, work / "one")
write_identity(work / "identity.safetensors")
rows = []
print("codecs: s, images/s | with files: s, images/s | translate without its start: s, images/s | its start: s")
model = work / "identity.safetensors"
for i in range(options.rounds):
    alone = measured([options.codec_rate, work / "photos"])
    files = measured([options.codec_rate, work / "photos", work / f"codec{i}"])
    start = translated(options.solstice, model, work / "one", work / f"one{i}")
    whole = translated(options.solstice, model, work / "photos", work / f"out{i}")
    ours = [whole[k] - start[k] for k in (0, 1)]
    print(" | ".join(f"{cpu:.2f}, {options.count / wall:.0f}" for cpu, wall in (alone, files, ours)),
          f"| {start[0]:.2f}", flush=True)
    rows.append([theirs[k] / ours[k] for theirs in (alone, files) for k in (0, 1)])
names = ("of the codecs, processor time", "of the codecs, rate", "of the codecs with files, processor time",
         "of the codecs with files, rate")
for name, column in zip(names, zip(*rows)):
    print(f"{name}: {100 * statistics.median(column):.0f} % "
          f"({100 * min(column):.0f} to {100 * max(column):.0f})")
