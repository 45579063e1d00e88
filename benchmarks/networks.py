"""Seconds and memory of every network: a forward, a training step, and what a forward holds. One thread.

python benchmarks/networks.py
"""

import argparse
import statistics
import subprocess
import sys

import torch
from costs import held, seconds
from hdr_transformer import burst
from rows import Row, table

from hdrpipe.models.network import build

OUTPUTS = {"merge_net": "merge", "ahdrnet": "sigmoid", "safnet_s": "sigmoid", "safnet": "sigmoid"}
"""The networks and what they put out; HDR-Transformer has a benchmark of its own."""
FORWARD, MEMORY, CROP, BATCH = 256, 512, 64, 2
"""Pixels a side of a forward, of that whose memory is read, and of a crop; crops of a training step."""


def network(name: str):
    """A network with fresh weights."""
    torch.manual_seed(0)
    return build({"backbone": name, "options": {}, "output": OUTPUTS[name], "exposures": 3})


def forward_seconds(name: str, repeats: int) -> float:
    """Median CPU seconds of a forward."""
    net, given = network(name).eval(), burst(FORWARD)
    with torch.inference_mode():
        net(*given)
        return statistics.median(seconds(lambda: net(*given)) for _ in range(repeats))


def step_seconds(name: str, repeats: int) -> float:
    """Median CPU seconds of a forward and its gradients."""
    net, given = network(name).train(), burst(CROP, BATCH)

    def step() -> None:
        net(*given).tonemapped.mean().backward()
        net.zero_grad(set_to_none=True)

    step()
    return statistics.median(seconds(step) for _ in range(repeats))


def print_peak(name: str) -> None:
    """The child of `peak`."""
    net, small, large = network(name).eval(), burst(CROP), burst(MEMORY)
    with torch.inference_mode():
        sys.stdout.write(str(held(lambda: net(*small), lambda: net(*large))))


def peak(name: str) -> float:
    """MiB above base of one forward, in a process of its own."""
    command = [sys.executable, __file__, "--peak", name]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measured(repeats: int) -> list[Row]:
    """Three rows for each network."""
    rows = []
    for name in OUTPUTS:
        rows += [
            Row(f"`{name}`, a forward at {FORWARD}", 1000.0 * forward_seconds(name, repeats), " ms"),
            Row(f"`{name}`, a training step of {BATCH} crops of {CROP}", 1000.0 * step_seconds(name, repeats), " ms"),
            Row(f"`{name}`, memory above base at {MEMORY}", peak(name), " MiB"),
        ]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peak", choices=list(OUTPUTS), help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.peak:
        print_peak(given.peak)
    else:
        sys.stdout.write(table(measured(given.repeats)))


if __name__ == "__main__":
    main()
