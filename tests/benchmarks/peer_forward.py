#!/usr/bin/env python3
"""Bare inference beside other programs, in rounds: each round runs every program once, one after the other.

  peer_forward.py FORWARD_PASS REFERENCE WORK [--rounds 5] [--kinds resnet_9blocks,unet_256] [--side 256]

FORWARD_PASS is our program of that name (cmake -DSOLSTICE_BENCHMARKS=ON), REFERENCE a checkout of the Python reference
(pytorch-CycleGAN-and-pix2pix), WORK a folder for weights and exports. Run it with a Python that has torch, onnx, onnxruntime, openvino,
numpy and pillow. All programs get the same random weights, full size, one image, and as many threads as there are processors.
Prints the median milliseconds of each and, round by round, how many times faster ours was: median (lowest - highest)."""
import argparse, os, statistics, subprocess, sys, time

PEERS = {
    "reference fp32": ("torch", None), "ONNX Runtime fp32": ("ort", None),
    "OpenVINO fp32": ("openvino", "f32"), "OpenVINO bf16": ("openvino", "bf16"),
}


def make_network(reference, kind):
    import torch
    sys.path.insert(0, reference)
    from models import networks
    torch.manual_seed(1)
    norm = "instance" if kind.startswith("resnet") else "batch"
    network = networks.define_G(3, 3, 64, kind, norm, False)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    return network.eval()


def prepare(options, kind):
    import numpy, torch
    from PIL import Image
    network = make_network(options.reference, kind)
    torch.save(network.state_dict(), f"{options.work}/{kind}.pth")
    image = numpy.random.default_rng(1).integers(0, 256, (options.side, options.side, 3), dtype=numpy.uint8)
    Image.fromarray(image).save(f"{options.work}/photo.png")
    torch.onnx.export(network, torch.zeros(1, 3, options.side, options.side), f"{options.work}/{kind}.onnx",
                      opset_version=17, dynamo=False)


def median_ms(call, count):
    for _ in range(3):
        call()
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1e3


def run_peer(options):
    import numpy
    program, precision = PEERS[options.peer]
    image = numpy.random.default_rng(1).random((1, 3, options.side, options.side), dtype=numpy.float32) * 2 - 1
    threads = os.cpu_count()
    if program == "torch":
        import torch
        torch.set_num_threads(threads)
        network = make_network(options.reference, options.kinds)
        with torch.inference_mode():
            tensor = torch.from_numpy(image)
            return median_ms(lambda: network(tensor), options.count)
    path = f"{options.work}/{options.kinds}.onnx"
    if program == "ort":
        import onnxruntime
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return median_ms(lambda: session.run(None, {name: image}), options.count)
    import openvino
    compiled = openvino.Core().compile_model(path, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision})
    request = compiled.create_infer_request()
    return median_ms(lambda: request.infer({0: image}), options.count)


def ours(options, kind, precision):
    done = subprocess.run([options.forward_pass, f"{options.work}/{kind}.pth", f"{options.work}/photo.png",
                           str(options.count), precision], check=True, capture_output=True, text=True)
    return 1e3 / float(done.stdout)


def compare(options, kind):
    prepare(options, kind)
    times = {}
    for _ in range(options.rounds):
        for precision in ("fp32", "bf16"):
            times.setdefault(f"solstice {precision}", []).append(ours(options, kind, precision))
        for peer in PEERS:
            done = subprocess.run([sys.executable, __file__, options.forward_pass, options.reference, options.work, "--peer", peer,
                                   "--kinds", kind, "--side", str(options.side), "--count", str(options.count)],
                                  check=True, capture_output=True, text=True)
            times.setdefault(peer, []).append(float(done.stdout.split()[-1]))
    print(f"{kind}, {options.side}x{options.side}, {options.rounds} rounds")
    for name, values in times.items():
        line = f"  {name:20} {statistics.median(values):8.1f} ms"
        for precision in ("fp32", "bf16"):
            ratios = [theirs / mine for theirs, mine in zip(values, times[f"solstice {precision}"])]
            line += f"   ours {precision} {statistics.median(ratios):5.2f}x ({min(ratios):.2f} - {max(ratios):.2f})"
        print(line, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("forward_pass")
    parser.add_argument("reference")
    parser.add_argument("work")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kinds", default="resnet_9blocks,unet_256")
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--count", type=int, default=15)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        print(run_peer(options))
        return
    os.makedirs(options.work, exist_ok=True)
    for kind in options.kinds.split(","):
        compare(options, kind)


if __name__ == "__main__":
    main()
