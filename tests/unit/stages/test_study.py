"""The files of a study."""

import json

import numpy as np
import pandas as pd
import pytest

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.config.runs import cells
from hdrpipe.errors import DamagedError, InputError, UsageError
from hdrpipe.stages.job import Job
from hdrpipe.stages.study import study

GROUPS = ["a", "a", "b", "b", "c", "c"]
PAIRS = [(0, 0), (1, 1), (2, 2), (3, 3)]
STUDY = {
    "arms": {"supervised": {}, "bilevel": {}, "full": {}},
    "regimes": {"near": {}},
    "core": {"arms": ["supervised", "bilevel", "full"], "pairs": PAIRS},
    "ceiling": "full",
}
CONFIG = check_config({"run": "s", "study": STUDY})


def write_tables(folder, config=CONFIG):
    """Scores of every cell of the study: bilevel 0.5 dB and full 2 dB above supervised."""
    gain = {"supervised": 0.0, "bilevel": 0.5, "full": 2.0}
    paths = []
    for number, cell in enumerate(cells(config.study)):
        scores = 30 + gain[cell.arm] + np.arange(6) + 0.1 * cell.draw
        rows = {"scene": [f"v{k}" for k in range(6)], "difficulty": "tripod", "group": GROUPS, "psnr_mu": scores}
        paths.append(folder / f"{number}.csv")
        pd.DataFrame({**rows, "psnr_l": scores, "ssim_mu": 0.9, "pu21_psnr": scores}).to_csv(paths[-1], index=False)
    return paths


def make(paths, out):
    text = stage_spec(CONFIG, "study")
    study(parse_spec("study", text), paths, out, Job("study", text))


def test_all_four_files_tell_the_same(tmp_path):
    make(write_tables(tmp_path), tmp_path / "out")
    told = json.loads((tmp_path / "out" / "study.json").read_text())
    rows = {row["arm"]: row for row in told["arms"]}
    assert rows["bilevel"]["against"]["supervised"]["mean"] == pytest.approx(0.5)
    assert rows["bilevel"]["closure"]["mean"] == pytest.approx(0.25)
    assert rows["supervised"]["spread"] == pytest.approx(np.std([0, 0.1, 0.2, 0.3], ddof=1))
    frame = pd.read_csv(tmp_path / "out" / "study.csv").set_index("arm")
    assert frame.loc["bilevel", "minus_supervised"] == pytest.approx(0.5)
    assert frame.loc["full", "psnr_mu"] == pytest.approx(rows["full"]["psnr_mu"], abs=1e-4)
    assert "+0.50 [+0.50, +0.50]" in (tmp_path / "out" / "study.md").read_text()
    html = (tmp_path / "out" / "study.html").read_text()
    for word in ("bilevel", "supervised", "full", "+0.50", "<svg", "validation"):
        assert word in html
    assert "http" not in html.replace("http-equiv", "").replace("http://www.w3.org", "")


def test_other_scenes_are_told(tmp_path):
    paths = write_tables(tmp_path)
    pd.read_csv(paths[3]).iloc[1:].to_csv(paths[3], index=False)
    with pytest.raises(InputError, match="its scenes differ"):
        make(paths, tmp_path / "out")


@pytest.mark.parametrize(("folder", "rule"), [("round-02", "score"), ("chosen", "score_chosen")])
def test_an_altered_table_names_its_rule(tmp_path, folder, rule):
    paths = write_tables(tmp_path)
    bad = tmp_path / folder / "scores-validation.csv"
    bad.parent.mkdir()
    bad.write_bytes(paths[5].read_bytes())
    Job("score").record(bad, {})
    bad.write_text(bad.read_text().replace("0.9", "0.8", 1))
    with pytest.raises(DamagedError, match=f"altered.*rule '{rule}'"):
        make([*paths[:5], bad, *paths[6:]], tmp_path / "out")


def test_a_missing_table_is_told(tmp_path):
    with pytest.raises(UsageError, match="12 runs, but 11 tables"):
        make(write_tables(tmp_path)[1:], tmp_path / "out")
