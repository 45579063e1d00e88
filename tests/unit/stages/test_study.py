"""Comparison of arms: differences, intervals, gap closure, and the files that tell them."""

import json

import numpy as np
import pandas as pd
import pytest

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.config.runs import places
from hdrpipe.errors import DamagedError, InputError, UsageError
from hdrpipe.evaluation.study_statistics import Resampling, Table, closure, difference
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


def table(**arms):
    """Arm -> (pairs, scenes) PSNR-mu."""
    values = {
        arm: {pair: {"psnr_mu": row} for pair, row in zip(PAIRS, np.asarray(rows, float), strict=True)}
        for arm, rows in arms.items()
    }
    return Table(values, GROUPS)


def noise(seed, scale=1.0):
    return np.random.default_rng(seed).normal(0, scale, (4, 6))


def test_a_difference_is_paired_by_pair_and_scene():
    shared = 30 + noise(0, 5.0)
    found, ahead, pairs = difference(table(x=shared + 0.3, y=shared), "x", "y", "psnr_mu")
    assert found.mean == pytest.approx(0.3)
    assert found.low == pytest.approx(0.3)
    assert found.high == pytest.approx(0.3)
    assert (ahead, pairs) == (4, 4)
    assert found.clear


def test_whole_pairs_and_whole_groups_are_drawn():
    """One pair, or one group, that differs may be missing in a draw; an interval over single scores would miss that."""
    by_pair, by_group = np.zeros((4, 6)), np.zeros((4, 6))
    by_pair[0], by_group[:, :2] = 4.0, 3.0
    for apart in (by_pair, by_group):
        found = Resampling(4, GROUPS).estimate(apart)
        assert found.mean == 1.0
        assert found.low == 0.0
        assert not found.clear


def test_the_interval_is_that_of_a_plain_loop():
    apart = noise(1)
    drawn = Resampling(4, GROUPS).means(apart)
    random = np.random.default_rng(5)
    blocks = apart.reshape(4, 3, 2).mean(axis=2)
    slow = [blocks[random.integers(4, size=4)][:, random.integers(3, size=3)].mean() for _ in range(4000)]
    assert np.std(drawn) == pytest.approx(np.std(slow), rel=0.05)
    assert np.quantile(drawn, [0.025, 0.975]) == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.08)


@pytest.mark.parametrize(("pairs", "groups"), [(1, GROUPS), (4, ["a"] * 6)])
def test_one_of_a_kind_gives_no_interval(pairs, groups):
    found = Resampling(pairs, groups).estimate(noise(2)[:pairs])
    assert found.low is None
    assert not found.clear


def test_closure_is_a_ratio_of_means_and_stands_only_on_a_clear_gap():
    low = 30 + noise(3)
    clear = table(floor=low, arm=low + 0.5 + noise(4, 0.01), full=low + 2.0)
    found = closure(clear, "arm", "floor", "full", "psnr_mu")
    assert found.mean == pytest.approx(0.25, abs=0.01)
    assert found.low < 0.25 < found.high
    vague = table(floor=low, arm=low + 0.5, full=low + 0.1 + noise(5, 5.0))
    assert closure(vague, "arm", "floor", "full", "psnr_mu") is None
    assert closure(table(floor=low, arm=low, full=low - 2.0), "arm", "floor", "full", "psnr_mu") is None


def write_tables(folder, config=CONFIG):
    """Scores of every place: bilevel 0.5 dB and full 2 dB above supervised."""
    gain = {"supervised": 0.0, "bilevel": 0.5, "full": 2.0}
    paths = []
    for number, place in enumerate(places(config.study)):
        scores = 30 + gain[place.arm] + np.arange(6) + 0.1 * place.draw
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
