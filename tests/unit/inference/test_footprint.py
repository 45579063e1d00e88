"""Memory of a network on a trial picture."""

import subprocess
import sys

MEASURED = """
import sys
from hdrpipe.inference.footprint import bytes_per_pixel
from hdrpipe.models.network import build
for channels in (4, 32):
    model = {"backbone": "merge_net", "options": {"channels": channels}, "output": "merge", "exposures": 3}
    print(bytes_per_pixel(build(model), 3))
print("torch._dynamo" in sys.modules)
"""


def test_more_channels_take_more_memory_and_nothing_slow_is_imported():
    found = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True)
    few, many, compiler = found.stdout.split()
    assert 4 * 9 * 4 < float(few) < float(many)
    assert float(many) > 3 * 4 * 32
    assert compiler == "False"
