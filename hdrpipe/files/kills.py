"""Processes that the kernel ended for lack of memory: its count, and the peak of those that ended."""

import resource
from pathlib import Path

VMSTAT = Path("/proc/vmstat")


def kills() -> int:
    """Processes of this machine that the kernel has ended for lack of memory so far; 0 where it does not count them."""
    try:
        lines = VMSTAT.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def peak() -> str:
    """Most memory that an ended child of this process has held, as text."""
    return f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6:.1f} GB"  # kilobytes
