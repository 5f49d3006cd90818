#!/usr/bin/env python3
"""A folder of photos, whole process, beside the Python reference's test.py: start, loading the model, every photo, the end.

  reference_folder.py SOLSTICE REFERENCE PHOTO_FOLDER WORK [--count 200] [--rounds 3] [--kinds resnet_9blocks,unet_256]

SOLSTICE is the program, REFERENCE a checkout of pytorch-CycleGAN-and-pix2pix. The first COUNT photos found are cut to 256x256 JPEGs, on
which both run with the same random weights, full size; test.py without flips and crops, and it writes PNGs, so ours does as well. Run it
with the Python that runs the reference. Prints seconds of each and, round by round, how many times faster ours was."""
import argparse, os, pathlib, shutil, statistics, subprocess, sys, time


def prepare(options):
    from PIL import Image
    photos = f"{options.work}/photos"
    shutil.rmtree(photos, ignore_errors=True)
    os.makedirs(photos)
    found = sorted(path for path in pathlib.Path(options.photos).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    for number in range(options.count):
        image = Image.open(found[number % len(found)]).convert("RGB")
        side = min(image.size)
        image.crop((0, 0, side, side)).resize((256, 256), Image.BICUBIC).save(f"{photos}/{number:05}.jpg", quality=92)
    return photos


def make_weights(options, kind):
    import torch
    sys.path.insert(0, options.reference)
    from models import networks
    torch.manual_seed(1)
    network = networks.define_G(3, 3, 64, kind, "instance" if kind.startswith("resnet") else "batch", False)
    folder = f"{options.reference}/checkpoints/bench_{kind}"
    os.makedirs(folder, exist_ok=True)
    torch.save(network.state_dict(), f"{folder}/latest_net_G.pth")
    return f"{folder}/latest_net_G.pth"


def seconds_of(command, folder=None):
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("solstice", "reference", "photos", "work"):
        parser.add_argument(name)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--kinds", default="resnet_9blocks,unet_256")
    options = parser.parse_args()
    photos = prepare(options)
    for kind in options.kinds.split(","):
        weights = make_weights(options, kind)
        norm = "instance" if kind.startswith("resnet") else "batch"
        times = {"reference": [], "fp32": [], "bf16": []}
        for _ in range(options.rounds):
            times["reference"].append(seconds_of(
                [sys.executable, "test.py", "--dataroot", photos, "--name", f"bench_{kind}", "--model", "test", "--no_dropout", "--netG", kind,
                 "--norm", norm, "--preprocess", "none", "--num_test", str(options.count), "--results_dir", f"{options.work}/results"],
                options.reference))
            for precision in ("fp32", "bf16"):
                shutil.rmtree(f"{options.work}/out", ignore_errors=True)
                times[precision].append(seconds_of(
                    [options.solstice, "translate", "--model", weights, photos, "--out", f"{options.work}/out", "--format", "png",
                     "--precision", precision, "--quiet"]))
        print(f"{kind}, {options.count} photos of 256x256, {options.rounds} rounds")
        for name, values in times.items():
            ratios = [theirs / mine for theirs, mine in zip(times["reference"], values)]
            print(f"  {name:10} {statistics.median(values):7.1f} s, {options.count / statistics.median(values):6.2f} images/s, "
                  f"{statistics.median(ratios):.2f}x the reference ({min(ratios):.2f} - {max(ratios):.2f})", flush=True)


if __name__ == "__main__":
    main()
