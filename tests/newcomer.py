"""The way of a newcomer, from a wheel to a trained network: `python tests/newcomer.py`, or `make newcomer`.

In an empty environment and an empty folder the wheel is installed with what it declares, pictures are fused, a run is
trained, its maps are opened without hdrpipe, and a notebook runs. Only torch is linked from the present environment.
Prints how long each step took; ends at the first one that fails.
"""

import json
import re
import shutil
import tempfile
import time
from pathlib import Path

from camera_files import write_burst
from empty_environment import ROOT, built_wheel, call, environment, link_torch

READERS = ROOT / "tests" / "readers"
NOTEBOOK = ROOT / "docs" / "notebooks" / "masks.ipynb"
PRODUCT = "results/tiny/round-01/uncertainty-00.h5"


class Newcomer:
    """Steps of the way, each in `folder`; the environment's commands come first on PATH, as after `activate`."""

    def __init__(self, folder):
        self.folder, self.work = folder, folder / "work"

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
        """Sigma is opened by h5wasm, as in a browser, or by the reader of docs/products.md where there is no Node."""
        if shutil.which("node") and (READERS / "node_modules" / "h5wasm").is_dir():
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

    def notebook(self):
        """A notebook runs from top to bottom."""
        shutil.copy2(NOTEBOOK, self.work)
        self.run(f"jupyter execute {NOTEBOOK.name}")


def main():
    """Take all steps."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="newcomer-") as folder:
        newcomer = Newcomer(Path(folder))
        for step in (newcomer.build, newcomer.install, newcomer.fuse, newcomer.train, newcomer.look, newcomer.notebook):
            began = time.monotonic()
            step()
            print(f"{time.monotonic() - began:6.1f} s  {step.__doc__}", flush=True)
    print(f"{time.monotonic() - started:6.1f} s  in all")


if __name__ == "__main__":
    main()
