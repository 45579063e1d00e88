"""Freed memory is used again, and given back when asked."""

import subprocess
import sys

from hdrpipe.learning import memory

FAULTS = """
import resource, sys
import torch
from hdrpipe.learning.memory import keep_memory, release_memory
if sys.argv[1] == "kept":
    keep_memory()
for _ in range(8):  # several arrays at once, as in a network
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [torch.ones(8 * 2**20) for _ in range(4)]
    del arrays
again = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
release_memory()
print(again, int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20)
"""


def faults(what):
    """Page faults of the last of some equal computations, and MiB of the process after it gave back what it kept."""
    found = subprocess.run([sys.executable, "-c", FAULTS, what], capture_output=True, text=True, check=True)
    return map(int, found.stdout.split())


def test_freed_memory_is_used_again_and_given_back():
    plain, usual = faults("not")
    kept, after = faults("kept")
    assert plain > 1000
    assert kept < 100
    assert after < usual + 32


def test_the_allocator_of_glibc_is_asked_to_keep_what_tiles_take(monkeypatch):
    """By the numbers of its malloc.h: freed memory up to 1 GiB, in arrays of up to 64 MiB each."""
    asked = []
    monkeypatch.setattr(memory, "c_function", lambda name: lambda *values: asked.append((name, *values)))
    memory.keep_memory()
    memory.release_memory()
    trim_threshold, mmap_threshold = -1, -3
    assert sorted(asked[:2]) == [("mallopt", mmap_threshold, 64 << 20), ("mallopt", trim_threshold, 1 << 30)]
    assert asked[2:] == [("malloc_trim", 0)]


def test_another_library_of_c_is_asked_nothing(monkeypatch):
    sought = []
    monkeypatch.setattr(memory, "c_function", sought.append)  # which gives None: there is no such function
    memory.keep_memory()
    memory.release_memory()
    assert set(sought) == {"mallopt", "malloc_trim"}
