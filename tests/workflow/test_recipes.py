"""The single-stage recipes of the README do what they say."""

import re
import shlex
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCK = re.search(r"<!-- recipes -->\n```\n(.*?)```", README, re.DOTALL)[1]
RECIPES = [line.split(" #")[0].strip() for line in BLOCK.splitlines()]

JOBS = [
    {},
    {},
    {},
    {"masks": 2, "student": 2, "teacher": 1, "teacher_labelled": 1, "evaluate": 2, "choose": 1, "report": 1},
    {"evaluate": 1},
    {},
    {},
]
"""Jobs that each recipe asks for once the run is done."""

WARMED = {"fetch": 1, "prepare": 1, "warmup": 1}
FROM_NOTHING = [
    WARMED,
    {**WARMED, "teacher": 1},
    {**WARMED, "teacher": 2, "teacher_labelled": 2, "masks": 2, "student": 1},
]
"""Jobs that the first recipes ask for where nothing has been made yet."""


def arguments(recipe):
    return [word.replace("results/demo", "results/tiny") for word in shlex.split(recipe)[3:] if word != "-n"]


def test_every_recipe_is_listed():
    assert len(RECIPES) == len(JOBS)
    assert all(recipe.startswith("snakemake --cores all") for recipe in RECIPES)


@pytest.mark.parametrize(("recipe", "jobs"), list(zip(RECIPES, JOBS, strict=True)), ids=RECIPES)
def test_a_recipe_plans_exactly(finished, recipe, jobs):
    assert finished.plan(*arguments(recipe)) == jobs


@pytest.mark.parametrize(("recipe", "jobs"), list(zip(RECIPES, FROM_NOTHING, strict=False)), ids=RECIPES[:3])
def test_a_recipe_makes_its_stages_alone_from_nothing(finished, recipe, jobs):
    assert finished.plan("-F", *arguments(recipe)) == jobs


UNTIL = {
    "teacher": {**WARMED, "teacher": 1},
    "masks": {**WARMED, "teacher": 1, "teacher_labelled": 1, "masks": 1},
    "student": {**WARMED, "teacher": 1, "teacher_labelled": 1, "masks": 1, "student": 1},
}
"""Jobs up to a rule of each round, which is that of round 1."""


@pytest.mark.parametrize(("rule", "jobs"), UNTIL.items(), ids=UNTIL)
def test_until_a_rule_of_each_round_ends_with_that_of_the_first(finished, rule, jobs):
    assert finished.plan("-F", "--until", rule) == jobs


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_really_runs_and_leaves_a_finished_run(finished, recipe):
    warmed = finished.path / "results" / "tiny" / "round-00" / "student.safetensors"
    masks = finished.path / "results" / "tiny" / "round-01" / "masks-00.h5"
    before, made = warmed.stat().st_mtime_ns, masks.stat().st_mtime_ns
    content = masks.read_bytes()
    words = shlex.split(recipe.replace("results/demo", "results/tiny"))[3:]
    assert finished.call(*finished.command(*words)).returncode == 0  # forks would record other versions
    assert warmed.stat().st_mtime_ns == before
    assert (masks.stat().st_mtime_ns > made) == ("-R" in recipe)
    assert masks.read_bytes() == content
    assert "Nothing to be done" in finished.snakemake()


def test_a_single_stage_really_reruns_and_changes_nothing_else(finished):
    results = finished.path / "results" / "tiny"
    path = results / "round-01" / "metrics.json"
    before, content = path.stat().st_mtime_ns, path.read_text()
    student = (results / "round-01" / "student.safetensors").stat().st_mtime_ns
    finished.snakemake(*arguments(next(recipe for recipe in RECIPES if "metrics.json" in recipe)))
    assert path.stat().st_mtime_ns > before
    assert path.read_text() == content
    assert (results / "round-01" / "student.safetensors").stat().st_mtime_ns == student
    finished.snakemake()


def test_the_python_of_the_readme_runs(finished):
    code = next(block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "h5py" in block)
    code = code.replace("results/demo", str(finished.path / "results" / "tiny"))
    names = {}
    exec(code, names)
    assert names["sigma"].shape == names["pseudo_label"].shape[1:]
