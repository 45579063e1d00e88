"""R20: an intermediate that was emptied or altered stops its next reader with exit 4, its name and its rule."""

import shutil

import harming
import pytest

LAST = "results/tiny/round-02"
CASES = [
    # intermediate, rule that makes it, output of the next rule that reads it
    ("results/tiny/scenes/sources.json", "fetch", "results/tiny/scenes/manifest-00.json"),
    ("results/tiny/scenes/labelled-00.h5", "prepare", "results/tiny/round-00/student.safetensors"),
    ("results/tiny/scenes/labelled-truth-00.h5", "prepare", "results/tiny/round-00/student.safetensors"),
    ("results/tiny/scenes/test-00.h5", "prepare", "results/tiny/baselines.csv"),
    ("results/tiny/round-00/teacher.safetensors", "warmup", "results/tiny/round-01/uncertainty-00.h5"),
    ("results/tiny/round-01/teacher.safetensors", "student", f"{LAST}/uncertainty-00.h5"),
    (f"{LAST}/uncertainty-00.h5", "teacher", f"{LAST}/masks-00.h5"),
    (f"{LAST}/labelled.h5", "teacher_labelled", f"{LAST}/masks-00.h5"),
    (f"{LAST}/masks-00.h5", "masks", f"{LAST}/student.safetensors"),
    (f"{LAST}/student.safetensors", "student", f"{LAST}/metrics.json"),
    (f"{LAST}/masks.json", "masks", "results/tiny/chosen.json"),
    ("results/tiny/chosen.json", "choose", "results/tiny/report.html"),
    ("results/tiny/baselines.csv", "baselines", "results/tiny/report.html"),
    (f"{LAST}/metrics.csv", "evaluate", "results/tiny/report.html"),
    (f"{LAST}/metrics.json", "evaluate", "results/tiny/report.html"),
    (f"{LAST}/history.csv", "student", "results/tiny/report.html"),
    ("results/tiny/scenes/manifest-00.json", "prepare", "results/tiny/report.html"),
    (f"{LAST}/test.h5", "evaluate", "results/tiny/report.html"),
]
SAMPLE = (6, 10)
"""Two rules are in the default run, all in the whole one."""


@pytest.fixture(scope="module")
def small(finished, tmp_path_factory):
    """The finished run in a folder of its own, to be damaged."""
    return type(finished)(shutil.copytree(finished.path, tmp_path_factory.mktemp("harmed") / "copy"))


@pytest.fixture(scope="module")
def commands(small):
    """Output -> the very command that Snakemake runs for it."""
    return harming.commands(small.snakemake("-n", "-F", "-p"))


@harming.harms
@pytest.mark.parametrize(
    ("name", "rule", "reader"),
    [pytest.param(*case, marks=[] if k in SAMPLE else pytest.mark.slow) for k, case in enumerate(CASES)],
    ids=[case[0].removeprefix("results/tiny/") for case in CASES],
)
def test_the_next_reader_exits_4_and_names_file_and_rule(small, commands, name, rule, reader, harm, count):
    harming.assert_refused(small, "tiny", name, rule, commands[reader], harm)
    count("R20")
