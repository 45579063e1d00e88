"""CPU seconds and memory of calls in this process."""

import ctypes
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

Work = Callable[[], Any]


def seconds(work: Work) -> float:
    """CPU seconds of a call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def interleaved(works: Sequence[Work], repeats: int) -> tuple[list[float], list[float]]:
    """Median over the rounds of the CPU seconds of each work, and of the ratio of the first to each."""
    for work in works:
        work()
    rounds = [[seconds(work) for work in works] for _ in range(repeats)]
    times = [statistics.median(column) for column in zip(*rounds, strict=True)]
    ratios = [statistics.median(row[0] / row[i] for row in rounds) for i in range(len(works))]
    return times, ratios


def held(small: Work, large: Work) -> float:
    """MiB that `large` takes at its peak above what the process holds once `small` has loaded the libraries."""
    small()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # sets the peak back
    before = _resident("VmRSS")
    large()
    return _resident("VmHWM") - before


def _resident(key: str) -> float:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith(key))
