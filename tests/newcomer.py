"""The way of a newcomer, from a wheel to a trained network: `python tests/newcomer.py`, or `make test-newcomer`.

In an empty environment and an empty folder the wheel is installed with what it declares, pictures are fused, a run is
trained, its maps are opened without hdrpipe, and a notebook runs. Only torch is linked from the present environment.
Prints how long each step took and which program opened sigma; ends at the first step that fails, and with exit 1 if the
whole way took longer than `LIMIT`.
"""

import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

from camera_files import write_burst
from empty_environment import ROOT, built_wheel, call, environment, link_torch

READERS = ROOT / "tests" / "readers"
NOTEBOOK = ROOT / "docs" / "notebooks" / "masks.ipynb"
PRODUCT = "results/tiny/round-01/uncertainty-00.h5"
LIMIT = 600
"""Seconds that the whole way may take."""

INSTALL = "npm install --prefix tests/readers --no-package-lock"


def why_not_h5wasm(node, installed):
    """Reason to open sigma with h5py instead of h5wasm, the library of h5web; empty where there is none.

    Args:
        node: True if this machine has Node.
        installed: True if h5wasm lies in tests/readers.
    """
    if not node:
        return "there is no Node"
    return "" if installed else f"h5wasm is not installed: {INSTALL}"


def check_time(seconds):
    """Exit with 1 and one line if the way took longer than `LIMIT`."""
    if seconds > LIMIT:
        sys.exit(f"the way of a newcomer took {seconds:.0f} s; it may take {LIMIT} s")


class Newcomer:
    """Steps of the way, each in `folder`; the environment's commands come first on PATH, as after `activate`.

    Args:
        folder: empty.
        no_h5wasm: reason to open sigma with h5py, as of `why_not_h5wasm`.
    """

    def __init__(self, folder, no_h5wasm):
        self.folder, self.work, self.no_h5wasm = folder, folder / "work", no_h5wasm

    def run(self, command, folder=None, **variables):
        """Output of a command line."""
        path = f"{self.folder / 'venv' / 'bin'}:/usr/bin:/bin"
        return call(command, folder or self.work, PATH=path, **variables)

    def build(self):
        """The wheel is built from the source archive."""
        (self.folder / "build").mkdir()
        self.wheel = built_wheel(self.folder / "build")

    def install(self):
        """It is installed with the packages that it declares."""
        link_torch(environment(self.folder / "venv"))
        packages = f"{self.wheel} nbclient ipykernel"
        self.run(f"pip install --quiet --constraint {ROOT / 'constraints.txt'} {packages}", self.folder)

    def fuse(self):
        """A burst is checked and fused."""
        write_burst(self.folder / "photographs" / "shots")
        assert "1 burst, 0 errors" in self.run("hdrpipe check .", self.folder / "photographs")
        self.run("hdrpipe fuse shots -o out.exr", self.folder / "photographs")
        made = {path.name for path in (self.folder / "photographs").iterdir()}
        assert made == {"shots", "out.exr", "out.png", "out.sigma.png"}, made

    def train(self):
        """A run in an empty folder ends with a report, and a second call has nothing to do."""
        self.run("hdrpipe init work --config tiny", self.folder)
        assert "Report: results/tiny/report.html" in self.run("hdrpipe run --cores 2")
        assert (self.work / "results/tiny/report.html").stat().st_size > 10_000
        assert "Nothing to be done" in self.run("hdrpipe run --cores 2 -n")
        assert "Nothing to be done" in self.run("hdrpipe resume")
        assert "all intact" in self.run("hdrpipe verify tiny")

    def look(self):
        """Sigma is opened without hdrpipe."""
        if not self.no_h5wasm:
            fields = json.loads(call(["node", READERS / "h5wasm.mjs", self.work / PRODUCT], READERS))
        else:
            (code,) = re.findall(
                r"```python\n(.*?)```", (ROOT / "docs/products.md").read_text(encoding="utf-8"), re.DOTALL
            )
            code += f"arrays, _ = next(iter(read({PRODUCT!r}).values()))\nimport json\n"
            code += "print(json.dumps({n: [list(a.shape), float(a.sum(dtype='f8'))] for n, a in arrays.items()}))"
            (self.folder / "reader.py").write_text(code, encoding="utf-8")
            fields = json.loads(self.run("python -I ../reader.py"))
        shape, total = fields["sigma"]
        assert len(shape) == 2, shape
        assert total > 0
        if self.no_h5wasm:
            return f"Its reader: h5py, as in docs/products.md ({self.no_h5wasm})."
        return "Its reader: h5wasm, in Node."

    def notebook(self):
        """A notebook runs from top to bottom."""
        shutil.copy2(NOTEBOOK, self.work)
        self.run(f"jupyter execute {NOTEBOOK.name}")


def main():
    """Take all steps."""
    started = time.monotonic()
    reason = why_not_h5wasm(shutil.which("node") is not None, (READERS / "node_modules" / "h5wasm").is_dir())
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        newcomer = Newcomer(Path(folder), reason)
        for step in (newcomer.build, newcomer.install, newcomer.fuse, newcomer.train, newcomer.look, newcomer.notebook):
            began = time.monotonic()
            note = step() or ""
            print(f"{time.monotonic() - began:6.1f} s  {step.__doc__} {note}".rstrip(), flush=True)
        seconds = time.monotonic() - started
    print(f"{seconds:6.1f} s  in all")
    check_time(seconds)


if __name__ == "__main__":
    main()
