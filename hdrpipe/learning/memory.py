"""Freed memory of tensors: kept for the next ones, whose pages the system would have to clear, or given back.

It is the allocator of glibc that is told; elsewhere nothing happens.
"""

from hdrpipe.files.system import c_function

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h of glibc

KEPT, LARGEST_KEPT = 2**30, 2**26
"""Bytes of freed memory, and of one array, that a process keeps: arrays of tiles, not those of large pictures."""


def keep_memory() -> None:
    """Use freed memory again from here on."""
    mallopt = c_function("mallopt")
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGEST_KEPT)
        mallopt(M_TRIM_THRESHOLD, KEPT)


def release_memory() -> None:
    """Give back what is kept now, before something else needs room."""
    malloc_trim = c_function("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)
