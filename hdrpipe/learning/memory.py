"""Freed memory of tensors: kept for the next ones, whose pages the system would have to clear, or given back.

It is the allocator of glibc that is told; elsewhere nothing happens.
"""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc

KEPT, LARGEST_KEPT = 2**30, 2**26
"""Bytes of freed memory, and of one array, that a process keeps: arrays of tiles, not those of large pictures."""


def keep_memory() -> None:
    """Use freed memory again from here on."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)


def release_memory() -> None:
    """Give back what is kept now, before something else needs room."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
