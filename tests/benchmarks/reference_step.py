"""Seconds and memory of one training step of the Python reference, beside training_step.

    reference_step.py CHECKOUT MODEL [--precision fp32|bf16] [--threads N] [--steps N]

CHECKOUT is a copy of the reference, MODEL `pix2pix` or `cycle_gan`; full-size networks, 256x256,
batch 1, random images. bf16 runs the reference's own step under torch.autocast, which the reference
has no option for. Prints the median of the steps after two and the peak of resident memory.

To make what it needs:
    git clone https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix CHECKOUT
    python3 -m venv VENV && VENV/bin/pip install torch==2.11.0 torchvision==0.26.0 dominate pillow
    echo "run = None" > CHECKOUT/wandb.py    # imported without condition, used only on demand
    VENV/bin/python reference_step.py CHECKOUT cycle_gan
"""

import argparse
import contextlib
import os
import resource
import statistics
import sys
import tempfile
import time

MODEL_OPTIONS = {
    "pix2pix": ["--model", "pix2pix", "--netG", "unet_256", "--norm", "batch",
                "--dataset_mode", "aligned"],
    "cycle_gan": ["--model", "cycle_gan", "--netG", "resnet_9blocks", "--norm", "instance",
                  "--no_dropout"],
}


def make_model(checkout, kind):
    sys.path.insert(0, checkout)
    scratch = tempfile.mkdtemp()
    sys.argv = ["train.py", "--dataroot", scratch, "--checkpoints_dir", scratch,
                *MODEL_OPTIONS[kind]]
    import torch
    from models import create_model
    from options.train_options import TrainOptions

    with contextlib.redirect_stdout(sys.stderr):
        options = TrainOptions().parse()
        options.device = torch.device("cpu")
        model = create_model(options)
        model.setup(options)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkout")
    parser.add_argument("model", choices=MODEL_OPTIONS)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--steps", type=int, default=5)
    arguments = parser.parse_args()

    import torch

    torch.set_num_threads(arguments.threads)
    model = make_model(os.path.abspath(arguments.checkout), arguments.model)
    images = [torch.rand(1, 3, 256, 256) * 2 - 1 for _ in range(2)]
    seconds = []
    for step in range(arguments.steps + 2):
        model.set_input({"A": images[0], "B": images[1], "A_paths": [""], "B_paths": [""]})
        start = time.monotonic()
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bf16"):
            model.optimize_parameters()
        if step >= 2:
            seconds.append(time.monotonic() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"reference {arguments.model} {arguments.precision} {arguments.threads} threads: "
          f"{1000 * statistics.median(seconds):.0f} ms, peak {peak:.0f} MiB")


if __name__ == "__main__":
    main()
