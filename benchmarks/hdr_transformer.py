"""How fast HDR-Transformer is beside a straightforward version of the same function; prints a table.

    OMP_NUM_THREADS=1 python benchmarks/hdr_transformer.py [inference] [memory] [training] [tiles]

Times are CPU seconds of one thread, and what counts are ratios: the works take turns in one process, and the median
over the rounds counts, so that other work on the machine hits all alike. Memory is the peak of a process above what it
holds before the forward.
"""

import argparse
import ctypes
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from straightforward import Straightforward

from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.inference.tiles import predict
from hdrpipe.models.network import build, pack

GFLOP_128 = 42.8
"""Of one forward at 128x128: multiplications and additions, as PyTorch's counter counts them."""

TIMES = np.array([1.0, 4.0, 16.0])
MODEL = {"backbone": "hdr_transformer", "options": {}, "output": "sigmoid", "exposures": 3}


def pair():
    """Ours and the straightforward one with the same random weights."""
    torch.manual_seed(0)
    ours, plain = build(MODEL), Straightforward()
    plain.load_state_dict(ours.backbone.state_dict())
    return ours, plain


def burst(side, batch=1):
    torch.manual_seed(1)
    return torch.rand(batch, 3, 3, side, side), torch.tensor(TIMES, dtype=torch.float32).expand(batch, 3)


def seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def interleaved(works, repeats):
    """Median over the rounds of the CPU seconds of each work, and of the ratio of the first to each."""
    for work in works:
        work()
    rounds = [[seconds(work) for work in works] for _ in range(repeats)]
    times = [statistics.median(column) for column in zip(*rounds, strict=True)]
    ratios = [statistics.median(row[0] / row[i] for row in rounds) for i in range(len(works))]
    return times, ratios


def matmul():
    a = torch.rand(1024, 1024)
    return lambda: a @ a


def row(what, seen, bar, holds):
    print(f"| {what} | {seen} | {bar} | {'holds' if holds else 'FAILS'} |", flush=True)


def inference(side, repeats):
    ours, plain = (net.eval() for net in pair())
    frames, times = burst(side)
    packed = pack(frames, times)

    @torch.inference_mode()
    def straightforward():
        return plain(packed)[0]

    @torch.inference_mode()
    def fast():
        return torch.sigmoid(ours.backbone(packed, times)[0])

    apart = (straightforward() - fast()).abs().max().item()
    many = matmul()

    def matmuls():
        for _ in range(20):
            many()

    (slow, quick, products), (_, ratio, _) = interleaved([straightforward, fast, matmuls], repeats)
    rate = 20 * 2 * 1024**3 / products / 1e9
    share = GFLOP_128 * (side / 128) ** 2 / slow / rate
    row(
        f"inference at {side}, fp32: speed-up", f"{ratio:.2f}x ({slow:.1f} s to {quick:.1f} s)", ">= 2.2x", ratio >= 2.2
    )
    row("largest difference of the results", f"{apart:.1e}", "<= 1e-5", apart <= 1e-5)
    row(f"straightforward version's share of {rate:.0f} GFLOP/s", f"{share:.2f}", ">= 0.15", share >= 0.15)


def peak(which, side):
    """MiB above base of one forward, in a process of its own."""
    command = [sys.executable, __file__, "--peak", which, "--side", str(side)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_peak(which, side):
    """The child of `peak`: small forward first, so that libraries are loaded; then the peak is set back."""
    ours, plain = (net.eval() for net in pair())
    frames, times = burst(side)
    packed = pack(frames, times)
    work = plain if which == "plain" else lambda x: ours.backbone(x, times)
    with torch.inference_mode():
        work(packed[..., :64, :64].contiguous())
        ctypes.CDLL(None).malloc_trim(0)
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        before = resident("VmRSS")
        work(packed)
    print(resident("VmHWM") - before)


def resident(key):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(key))


def memory(side):
    plain, ours = peak("plain", side), peak("ours", side)
    row(
        f"memory above base at {side}",
        f"{ours / plain:.2f}x ({plain:.0f} to {ours:.0f} MiB)",
        "<= 0.5x",
        ours <= plain / 2,
    )


def training(side, batch, repeats):
    ours, plain = (net.train() for net in pair())
    frames, times = burst(side, batch)
    packed, target = pack(frames, times), torch.rand(batch, 3, side, side)

    def step(forward, net, bf16):
        def work():
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                found = forward(packed)
            (mu_law(found.float()) - mu_law(target)).abs().mean().backward()
            net.zero_grad(set_to_none=True)

        return work

    def fast(x):
        return torch.sigmoid(ours.backbone(x, times)[0])

    works = [step(lambda x: plain(x)[0], plain, False), step(fast, ours, False)]
    with open("/proc/cpuinfo") as file:
        bf16 = "avx512_bf16" in file.read()
    works += [step(fast, ours, True)] if bf16 else []
    seen, ratios = interleaved(works, repeats)
    name = f"train step, batch {batch} at {side}"
    row(f"{name}, fp32", f"{ratios[1]:.2f}x ({seen[0]:.1f} s to {seen[1]:.1f} s)", ">= 1x", ratios[1] >= 1)
    if bf16:
        faster = seen[1] / seen[2]
        row(f"{name}, bf16 to our fp32", f"{faster:.2f}x ({seen[2]:.1f} s)", ">= 1.6x", faster >= 1.6)


def tiles(height, width, tile):
    ours = pair()[0].eval()
    coarse = np.random.default_rng(0).random((3, 3, height // 16, width // 16))
    frames = np.kron(coarse, np.ones((16, 16))).astype(np.float32)
    whole, cut = predict(ours, frames, TIMES, 4096)[0], predict(ours, frames, TIMES, tile)[0]
    psnr = -10 * np.log10(np.mean((mu_law(whole.astype(np.float64)) - mu_law(cut.astype(np.float64))) ** 2))
    row(f"tiles of {tile} in {height}x{width}, halo 24: PSNR-mu to whole", f"{psnr:.0f} dB", ">= 90 dB", psnr >= 90)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["inference", "memory", "training", "tiles"])
    parser.add_argument("--repeats", type=int, default=5, help="rounds of each comparison")
    parser.add_argument("--side", type=int, help="pixels (256 for inference, 512 for memory, 64 for training)")
    parser.add_argument("--batch", type=int, default=2, help="crops of a train step")
    parser.add_argument("--peak", choices=["plain", "ours"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.peak:
        print_peak(given.peak, given.side)
        return
    print(f"torch {torch.__version__}, one thread\n\n| what | seen | bar | |\n| --- | --- | --- | --- |", flush=True)
    if "inference" in given.parts:
        inference(given.side or 256, given.repeats)
    if "memory" in given.parts:
        memory(given.side or 512)
    if "training" in given.parts:
        training(given.side or 64, given.batch, given.repeats)
    if "tiles" in given.parts:
        tiles(512, 640, 384)


if __name__ == "__main__":
    main()
