"""The notebooks of docs/: each runs from top to bottom in about a minute, and holds small outputs of such a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "docs" / "notebooks").glob("*.ipynb"))
LARGEST = 500_000
"""Bytes of a notebook with its outputs."""

each = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def kinds(notebook):
    """Kinds of the outputs of each cell; how a text is cut into outputs depends on the moment."""
    return [{output.output_type for output in cell.get("outputs", [])} for cell in notebook.cells]


def read(path):
    return pytest.importorskip("nbformat").read(path, as_version=4)


def test_there_are_three():
    assert [path.stem for path in NOTEBOOKS] == ["fuse", "maps", "masks"]


@each
def test_outputs_are_those_of_one_run_and_small(path):
    notebook = read(path)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert any(
        "image/png" in output.get("data", {}) or "image/jpeg" in output.get("data", {}) for output in outputs(notebook)
    )
    assert not [
        output for output in outputs(notebook) if output.output_type == "error" or output.get("name") == "stderr"
    ]
    assert path.stat().st_size < LARGEST
    assert "/tmp/" not in path.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.xdist_group("notebooks")
@each
def test_a_notebook_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    client = pytest.importorskip("nbclient", reason="needs the extra [docs]; `make docs` installs it")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("HDRPIPE_DEVICE", "cpu")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook, stored = read(path), read(path)
    client.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    printed = "".join(output.get("text", "") for output in outputs(notebook))
    assert "error:" not in printed
    assert "Traceback" not in printed
    assert kinds(notebook) == kinds(stored)


def test_a_command_draws_whatever_backend_a_notebook_wants():
    env = os.environ | {"MPLBACKEND": "module://not_installed_here"}
    code = "import hdrpipe.cli, hdrpipe.report.sheet, matplotlib; print(matplotlib.get_backend())"
    drawn = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120)
    assert (drawn.returncode, drawn.stdout.lower()) == (0, "agg\n"), drawn.stderr
