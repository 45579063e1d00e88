"""Two runs against each other."""

import pandas as pd
import pytest

from hdrpipe.errors import InputError
from hdrpipe.stages.job import Job
from hdrpipe.tools.compare import compared


def run(folder, level, truth="a", scenes=6, spec="{}"):
    (folder / "round-01").mkdir(parents=True)
    (folder / "scenes").mkdir()
    (folder / "chosen.json").write_text('{"round": 1}')
    (folder / "scenes" / "test-truth-00.h5").write_text(truth)
    Job("prepare").record(folder / "scenes" / "test-truth-00.h5", {})
    rows = [
        {"scene": f"t{k}", "difficulty": "tripod", "group": f"g{k // 2}", "method": method, "psnr_mu": level + k % 2}
        for method in ("student", "teacher")
        for k in range(scenes)
    ]
    pd.DataFrame(rows).to_csv(folder / "round-01" / "metrics.csv", index=False)
    Job("evaluate", spec).record(folder / "round-01" / "metrics.csv", {})
    return folder


def test_a_constant_gain_is_shown_with_its_interval_and_its_cause(tmp_path):
    text = compared(run(tmp_path / "a", 30.0, spec='{"seed":0}'), run(tmp_path / "b", 31.0, spec='{"seed":1}'))
    line = next(line for line in text.splitlines() if line.startswith("PSNR-mu"))
    assert line.split()[:4] == ["PSNR-mu", "30.50", "31.50", "+1.00"]
    assert line.endswith("+1.00 to +1.00  B is better")
    assert "6 test scenes in 3 groups" in text
    assert text.splitlines()[-1].split() == ["seed", "0", "1"]


def test_the_same_run_twice_differs_in_nothing(tmp_path):
    one = run(tmp_path / "a", 30.0)
    text = compared(one, one)
    assert "no difference shown" in text
    assert text.endswith("settings: the same")


def test_other_scenes_of_the_same_names_are_no_comparison(tmp_path):
    with pytest.raises(InputError, match="its test scenes differ from those of"):
        compared(run(tmp_path / "a", 30.0), run(tmp_path / "b", 30.0, truth="b"))


def test_a_run_without_a_choice_is_bad_input(tmp_path):
    with pytest.raises(InputError, match=r"chosen\.json"):
        compared(run(tmp_path / "a", 30.0), tmp_path)


def test_settings_are_those_of_the_newest_outputs(tmp_path):
    one, two = run(tmp_path / "a", 30.0, spec='{"seed":0}'), run(tmp_path / "b", 30.0, spec='{"seed":0}')
    for name, started, seed in (("masks-00.h5", 2e9, 7), ("report.html", 1.0, 3)):
        (two / name).write_text("x")
        Job("masks", f'{{"seed":{seed}}}', started=started).record(two / name, {}, "sha256:0")
    assert compared(one, two).splitlines()[-1].split() == ["seed", "0", "7"]
