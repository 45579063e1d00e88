"""Memory of a job's process."""

import subprocess
import sys

FAULTS = """
import resource, sys
import torch
from hdrpipe.cli._process import keep_memory
if sys.argv[1] == "kept":
    keep_memory()
for _ in range(8):  # several arrays at once, as in a network
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [torch.ones(8 * 2**20) for _ in range(4)]
    del arrays
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(what):
    found = subprocess.run([sys.executable, "-c", FAULTS, what], capture_output=True, text=True, check=True)
    return int(found.stdout)


def test_freed_memory_is_used_again():
    assert faults("not") > 1000
    assert faults("kept") < 100
