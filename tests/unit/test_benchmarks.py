"""`make bench`: its tables are read back, what moved is named, every group has its block in a page."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from hdrpipe.files.pictures import raw
from hdrpipe.imaging.camera import linear_from_ldr

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def module(monkeypatch):
    """Imports a file of benchmarks/ as its programs do."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module


def test_a_table_is_read_back_and_says_what_holds(module):
    rows = module("rows")
    table = [
        rows.Row("fuse, times less CPU", 2.713, "x", "87 to 32 s", ">= 4"),
        rows.Row("largest difference", 4.8e-07, bar="<= 1e-5"),
        rows.Row("`ahdrnet`, a forward", 2827.4, " ms"),
    ]
    text = f"Words.\n\n{rows.table(table)}\nMore words."
    assert "| fuse, times less CPU | 2.71x (87 to 32 s) | >= 4 | short |" in text
    assert "| largest difference | 4.8e-07 | <= 1e-5 | holds |" in text
    assert rows.figures(text) == {
        "fuse, times less CPU": 2.71,
        "largest difference": 4.8e-07,
        "`ahdrnet`, a forward": 2827.0,
    }


def test_only_what_moved_by_more_than_15_percent_is_named(module):
    rows = module("rows")
    before = {"slower": 10.0, "faster": 10.0, "same": 10.0}
    seen = [rows.Row("slower", 11.6, " s"), rows.Row("faster", 8.4), rows.Row("same", 11.4), rows.Row("new", 1.0)]
    assert rows.moved(seen, before) == ["slower: 10 committed, 11.6 s now", "faster: 10 committed, 8.4 now"]


def test_every_group_has_a_measured_table_in_its_page(module):
    bench, rows = module("bench"), module("rows")
    for name, group in bench.GROUPS.items():
        text = (bench.ROOT / "docs" / group.page).read_text(encoding="utf-8")
        assert rows.figures(bench.block(name, text).group()), name


def test_a_run_writes_its_table_into_the_page_alone(module, monkeypatch, tmp_path, capsys):
    bench, rows = module("bench"), module("rows")
    page = tmp_path / "docs" / "performance.md"
    page.parent.mkdir()
    old = rows.table([rows.Row("one figure", 1.0, "x")])
    page.write_text(f"Before.\n\n<!-- bench kernels -->\n{old}<!-- end -->\n\nAfter.\n")
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    monkeypatch.setitem(
        bench.GROUPS, "kernels", bench.Group("performance.md", lambda: [rows.Row("one figure", 2.0, "x")])
    )
    for dry in (True, False):
        assert bench.run("kernels", "abc1234", dry) == ["one figure: 1 committed, 2x now"]
        assert ("| one figure | 2x |  |  |" in page.read_text()) is not dry
    assert page.read_text().startswith("Before.\n\n<!-- bench kernels -->\n")
    assert page.read_text().endswith("<!-- end -->\n\nAfter.\n")
    assert "commit abc1234: " in page.read_text()
    assert "| one figure | 2x |" in capsys.readouterr().out


def test_fast_code_with_other_results_ends_the_benchmark(module):
    kernels = module("kernels")
    picture = torch.rand(1, 3, 32, 32)
    with pytest.raises(SystemExit, match="means: results differ by"):
        kernels.compared("means", lambda: picture, lambda: picture * 1.001, "")


def test_a_written_dng_is_developed_to_its_signal(module, tmp_path):
    pytest.importorskip("rawpy")
    signal = np.array([0.1, 0.4, 0.2])
    module("dng").write_dng(tmp_path / "1.dng", np.broadcast_to(signal, (64, 48, 3)), 1 / 16)
    _, camera, noise = raw.exposure_data(tmp_path / "1.dng")
    assert (camera.seconds, camera.iso, camera.aperture, noise) == (1 / 16, 100, 8, None)
    linear = linear_from_ldr(raw.develop(tmp_path / "1.dng", None) / 65535)
    np.testing.assert_allclose(linear, np.broadcast_to(signal, linear.shape), atol=3e-4)
