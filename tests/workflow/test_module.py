"""The workflow as a module of another one: plain, renamed, below a prefix, from a git repository, as deployed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from checkout import ROOT, Checkout, planned
from empty_environment import call, tool

SMALL = {
    "run": "small",
    "rounds": 2,
    "data": {"dataset": "procedural", "labelled": 2, "options": {"pool": 4, "validation": 1, "test": 1, "size": 64}},
    "warmup": {"steps": 4, "crop": 32},
    "student": {"steps": 2, "crop": 32},
}
RULES = {"fetch": 1, "prepare": 1, "baselines": 1, "warmup": 1, "evaluate": 3, "teacher": 2, "teacher_labelled": 2}
RULES |= {"masks": 2, "student": 2, "choose": 1, "report": 1}
UNTIL_MASKS = ("fetch", "prepare", "warmup", "teacher", "teacher_labelled", "masks")


class Importer(Checkout):
    """A folder whose Snakefile imports the workflow of this repository."""

    def command(self, *arguments, overlay=None):
        return ["snakemake", "--cores", "2", *arguments]

    def environment(self, **more):
        return super().environment(**{"PYTHONPATH": str(ROOT), **more})


def importer(
    folder, snakefile=ROOT / "workflow" / "Snakefile", prefix="", results="", rename="*", config="config.yaml"
):
    (folder / config).parent.mkdir(parents=True, exist_ok=True)
    (folder / config).write_text(yaml.safe_dump(SMALL))
    where = f'    prefix: "{prefix}"\n' if prefix else ""
    where += f'    pathvars:\n        results="{results}"\n' if results else ""
    (folder / "Snakefile").write_text(
        f'configfile: "{config}"\n'
        f'module hdrpipe:\n    snakefile: "{snakefile}"\n    config: config\n{where}'
        f"use rule * from hdrpipe as {rename}\n"
        "onstart:\n    hdrpipe.onstart()\n"
    )
    return Importer(folder)


WAYS = {
    "plain": {},
    "renamed": {"rename": "hdr_*"},
    "prefix": {"prefix": "other", "rename": "hdr_*"},
    "pathvars": {"results": "deep/out"},
    "both": {"prefix": "other", "results": "out"},
}
"""Ways to import the workflow, by what `importer` is given."""


def folder_of(prefix="", results="results", rename="*"):
    return f"{prefix}/{results}/small" if prefix else f"{results}/small"


@pytest.mark.parametrize("way", WAYS)
def test_an_importing_workflow_plans_every_job(tmp_path, way):
    there, rename = importer(tmp_path, **WAYS[way]), WAYS[way].get("rename", "*")
    printed = there.snakemake("-n", "-p")
    jobs = planned(printed)
    jobs.pop(rename.replace("*", "all"), None)
    assert jobs == {rename.replace("*", rule): count for rule, count in RULES.items()}
    paths = [word.strip(" ,'") for word in printed.split() if "/small/" in word]
    assert len(paths) > 50
    assert all(path.startswith(folder_of(**WAYS[way])) for path in paths)


def test_the_config_may_name_another_results_folder(tmp_path):
    there = importer(tmp_path)
    printed = there.snakemake("-n", "-p", "--config", "pathvars={results: out}")
    assert planned(printed) == RULES
    assert "out/small/report.html" in printed
    assert " results/" not in printed


def test_until_masks_ends_there_under_another_name(tmp_path):
    there = importer(tmp_path, rename="hdr_*")
    assert there.plan("--until", "hdr_masks") == {f"hdr_{rule}": 1 for rule in UNTIL_MASKS}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_an_importing_workflow_ends_and_writes_nothing_elsewhere(tmp_path, way):
    there, run = importer(tmp_path, **WAYS[way]), folder_of(**WAYS[way])
    there.snakemake()
    for name in ("report.html", "round-02/masks.json", "logs/masks-01.log", ".command.json"):
        assert (tmp_path / run / name).is_file(), name
    assert {path.name for path in tmp_path.iterdir()} == {".snakemake", "Snakefile", "config.yaml", run.split("/")[0]}
    assert "Nothing to be done" in there.snakemake()


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "last"), [("teacher", "uncertainty-00.h5"), ("masks", "masks-00.h5")])
def test_until_a_rule_of_a_round_ends_with_it(tmp_path, rule, last):
    there = importer(tmp_path)
    there.snakemake("--until", rule)
    made = {path.name for path in (tmp_path / "results" / "small" / "round-01").iterdir()}
    assert last in made
    assert "student.safetensors" not in made
    assert ("masks.json" in made) == (rule == "masks")
    assert "Nothing to be done" in there.snakemake("--until", rule)


@pytest.fixture
def repository(tmp_path):
    """A git repository with the workflow of this one and the tag v1."""
    folder = tmp_path / "repository"
    for name in ("workflow", "configs", "config", "profiles"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("config.yaml", "LICENSE"):
        shutil.copy2(ROOT / name, folder)
    author = ("-c", "user.name=x", "-c", "user.email=x@y")
    for words in (("init", "-q"), ("add", "-A"), (*author, "commit", "-qm", "x"), ("tag", "v1")):
        subprocess.run(["git", *words], cwd=folder, check=True)
    return folder


def test_it_is_imported_from_a_git_repository(tmp_path, repository):
    there = importer(tmp_path / "work", f"git+file://{repository}/workflow/Snakefile@v1")
    assert there.plan() == RULES


def test_snakedeploy_finds_what_it_copies():
    """It copies the folder config, whose config.yaml the deployed workflow reads, and asks for workflow/Snakefile."""
    assert (ROOT / "config" / "config.yaml").read_bytes() == (ROOT / "config.yaml").read_bytes()
    assert (ROOT / "config" / "config.yaml").is_symlink()
    assert (ROOT / "config" / "README.md").is_file()
    assert (ROOT / "workflow" / "Snakefile").is_file()


def test_a_deployed_workflow_plans_every_job(tmp_path):
    there = importer(tmp_path, config="config/config.yaml")
    (tmp_path / "workflow").mkdir()
    (tmp_path / "Snakefile").rename(tmp_path / "workflow" / "Snakefile")
    assert there.plan() == RULES


@pytest.mark.slow
def test_what_snakedeploy_deploys_plans_every_job_and_runs(tmp_path, repository):
    """The address is GitHub's, behind which git finds the local repository, for snakedeploy and for Snakemake."""
    url = "https://github.com/example/hdrpipe"
    (tmp_path / "gitconfig").write_text(f'[url "file://{repository}"]\n\tinsteadOf = {url}\n')
    git = {
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "GIT_TERMINAL_PROMPT": "0",
        "XDG_CACHE_HOME": str(tmp_path),
    }
    there = Importer(tmp_path / "work")
    snakedeploy = tool(tmp_path / "tool", "snakedeploy==0.17.1") / "snakedeploy"
    call([snakedeploy, "deploy-workflow", url, there.path, "--tag", "v1"], tmp_path, **git)
    assert (
        'github("example/hdrpipe", path="workflow/Snakefile", tag="v1")'
        in (there.path / "workflow" / "Snakefile").read_text()
    )
    assert (there.path / "config" / "config.yaml").read_bytes() == (ROOT / "config.yaml").read_bytes()
    (there.path / "config" / "config.yaml").write_text(yaml.safe_dump(SMALL))
    done = there.call(*there.command("-n"), **git)
    assert planned(done.stdout + done.stderr) == RULES
    done = there.call(*there.command("results/small/scenes/manifest-00.json"), **git)
    assert done.returncode == 0, done.stderr
    assert (there.path / "results" / "small" / "scenes" / "test-00.h5").is_file()


@pytest.mark.parametrize("name", ["Snakefile", "workflow/Snakefile"])
def test_snakemake_has_nothing_to_complain_about(name):
    command = ["snakemake", "--lint", "text", "--snakefile", name]
    done = Checkout(Path(ROOT)).call(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "your workflow is in a good condition" in done.stdout + done.stderr


def test_every_output_is_named_and_every_rule_with_jobs_names_the_one_environment():
    environments = set()
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        text = path.read_text()
        for block in re.findall(r"^    output:\n((?:        .*\n)+)", text, re.MULTILINE):
            entries = re.findall(r"^        (?=[^ )\]])(.*)", block, re.MULTILINE)
            assert [entry for entry in entries if not re.match(r"\w+=", entry)] == []
        environments |= set(re.findall(r"^    conda:\n +(\S+)", text, re.MULTILINE))
    assert environments == {"ENVIRONMENT"}


def test_both_snakefiles_plan_the_same(tmp_path):
    alone = {"match": {"strategy": "none"}, "compare": []}  # of the main job, which these lie over
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**SMALL, **alone}))
    there = Importer(tmp_path)
    plans = [there.plan("--snakefile", str(ROOT / name)) for name in ("Snakefile", "workflow/Snakefile")]
    assert plans == [RULES, RULES]
