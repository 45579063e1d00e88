"""How fast HDR-Transformer is beside a straightforward version of the same function; prints a table.

    OMP_NUM_THREADS=1 python benchmarks/hdr_transformer.py [inference] [memory] [training] [tiles]

Times are CPU seconds of one thread, and what counts are ratios: the works take turns in one process, and the median
over the rounds counts, so that other work on the machine hits all alike. Memory is the peak of a process above what it
holds before the forward.
"""

import argparse
import subprocess
import sys

import numpy as np
import torch
from costs import held, interleaved
from rows import Row, table
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


def matmul():
    a = torch.rand(1024, 1024)
    return lambda: a @ a


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
    return [
        Row(f"HDR-Transformer, inference at {side}", ratio, "x", f"{slow:.1f} to {quick:.1f} s", ">= 2.5"),
        Row("HDR-Transformer, largest difference of the results", apart, bar="<= 1e-5"),
        Row("straightforward version's share of the rate of matmul", share, "", f"{rate:.0f} GFLOP/s", ">= 0.15"),
    ]


def peak(which, side):
    """MiB above base of one forward, in a process of its own."""
    command = [sys.executable, __file__, "--peak", which, "--side", str(side)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_peak(which, side):
    """The child of `peak`."""
    ours, plain = (net.eval() for net in pair())
    frames, times = burst(side)
    packed = pack(frames, times)
    work = plain if which == "plain" else lambda x: ours.backbone(x, times)
    small = packed[..., :64, :64].contiguous()
    with torch.inference_mode():
        print(held(lambda: work(small), lambda: work(packed)))


def memory(side, _=1):
    plain, ours = peak("plain", side), peak("ours", side)
    what = f"HDR-Transformer, memory above base at {side}"
    return [Row(what, ours / plain, "x", f"{plain:.0f} to {ours:.0f} MiB", "<= 0.5")]


def training(side, repeats, batch=2):
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
    name = f"HDR-Transformer, training step of {batch} crops of {side}"
    rows = [Row(name, ratios[1], "x", f"{seen[0]:.1f} to {seen[1]:.1f} s", ">= 1.3")]
    if bf16:
        rows.append(Row(f"{name}, bf16 to fp32", seen[1] / seen[2], "x", f"{seen[2]:.1f} s", ">= 1.8"))
    return rows


def tiles(width, _=1, tile=384):
    height = width * 4 // 5
    ours = pair()[0].eval()
    coarse = np.random.default_rng(0).random((3, 3, height // 16, width // 16))
    frames = np.kron(coarse, np.ones((16, 16))).astype(np.float32)
    whole, cut = predict(ours, frames, TIMES, 4096)[0], predict(ours, frames, TIMES, tile)[0]
    psnr = -10 * np.log10(np.mean((mu_law(whole.astype(np.float64)) - mu_law(cut.astype(np.float64))) ** 2))
    return [Row(f"HDR-Transformer, tiles of {tile} in {height} x {width} to whole", psnr, " dB", bar=">= 90")]


PARTS = {"inference": inference, "memory": memory, "training": training, "tiles": tiles}
SIDES = {"inference": 256, "memory": 512, "training": 64, "tiles": 640}
"""Pixels of each, where `--side` does not say them."""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=list(PARTS))
    parser.add_argument("--repeats", type=int, default=5, help="rounds of each comparison")
    parser.add_argument("--side", type=int, help="pixels, instead of those of docs/performance.md")
    parser.add_argument("--peak", choices=["plain", "ours"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.peak:
        print_peak(given.peak, given.side)
        return
    sides = dict.fromkeys(PARTS, given.side) if given.side else SIDES
    print(table(row for name in given.parts for row in PARTS[name](sides[name], given.repeats)))


if __name__ == "__main__":
    main()
