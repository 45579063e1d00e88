"""How fast the means over neighbours are beside their plain formulas; a difference of results ends it.

    python benchmarks/kernels.py

Seconds long, one thread, in turns; the median ratio counts. Exit status 1 says that results differ.
"""

import sys
from collections.abc import Callable
from itertools import product

import torch
from costs import interleaved
from rows import Row, table
from torch import Tensor
from torch.nn import functional as F

from hdrpipe.imaging.denoise import PATCH, REACH, SOFTNESS
from hdrpipe.models import guide, means

SIDE, REPEATS = 512, 7
LARGEST = 1e-5
"""Difference of results from which on they are not the same function."""


def plain_mean(picture: Tensor, side: int) -> Tensor:
    """Box mean by pooling."""
    return F.avg_pool2d(F.pad(picture, [side // 2] * 4, mode="reflect"), side, stride=1)


def plain_non_local_means(picture: Tensor, squared: Tensor) -> Tensor:
    """Each neighbour's patch compared anew."""
    height, width = picture.shape[-2:]
    wide, wide_squared = (F.pad(x, [REACH] * 4, mode="reflect") for x in (picture, squared))
    total, weight = torch.zeros_like(picture), torch.zeros_like(picture[:, :1])
    for down, across in product(range(2 * REACH + 1), repeat=2):
        other = wide[..., down : down + height, across : across + width]
        variance = squared + wide_squared[..., down : down + height, across : across + width]
        ratio = ((picture - other).square() / variance).mean(1, keepdim=True)
        near = torch.exp(-(plain_mean(ratio, PATCH) - 1.0).clamp_min(0.0) / SOFTNESS)
        total, weight = total + near * other, weight + near
    return total / weight


def inner(picture: Tensor) -> Tensor:
    """What lies away from the border, where the plain formula has no patch beyond the picture."""
    return picture[..., REACH + PATCH : -REACH - PATCH, REACH + PATCH : -REACH - PATCH]


def compared(what: str, plain: Callable[[], Tensor], fast: Callable[[], Tensor], bar: str) -> Row:
    """The row of two ways to compute one picture, after a look at their results."""
    apart = float((inner(plain()) - inner(fast())).abs().max())
    if not apart <= LARGEST:
        raise SystemExit(f"{what}: results differ by {apart:.1e}")
    (slow, quick), (_, ratio) = interleaved([plain, fast], REPEATS)
    return Row(what, ratio, "x", f"{1000 * slow:.0f} to {1000 * quick:.0f} ms, {apart:.0e} apart", bar)


def in_one_strip(work: Callable[[], Tensor]) -> Callable[[], Tensor]:
    """The same computation over all rows at once."""

    def whole() -> Tensor:
        rows, means.ROWS = means.ROWS, 10**6
        try:
            return work()
        finally:
            means.ROWS = rows

    return whole


@torch.inference_mode()
def measured() -> list[Row]:
    """Rows of all kernels."""
    torch.manual_seed(0)
    planes = torch.rand(1, 9, SIDE, SIDE)
    picture, squared = torch.rand(1, 3, SIDE, SIDE), torch.rand(1, 3, SIDE, SIDE) + 0.01
    times = torch.tensor([[1.0, 4.0, 16.0]])
    ldr = torch.rand(1, 3, 3, 2 * SIDE, 2 * SIDE)
    radiance, level = ldr.pow(2.2) / times[:, :, None, None, None], torch.ones(1)
    merged = lambda: guide.start(radiance, ldr, times, level).denoised  # noqa: E731
    return [
        compared(
            "box means of 5 x 5 to pooling",
            lambda: plain_mean(planes, 5),
            lambda: means.mean_around(planes, 5),
            ">= 2",
        ),
        compared(
            "non-local means to the plain formula",
            lambda: plain_non_local_means(picture, squared),
            lambda: means.non_local_means(picture, squared),
            ">= 2",
        ),
        compared("merge and denoising in strips to whole", in_one_strip(merged), merged, ">= 1.1"),
    ]


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.stdout.write(table(measured()))
