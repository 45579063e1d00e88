"""A folder that uses the workflow of the package, and the call of Snakemake on it."""

import subprocess
import sys
from pathlib import Path

import pytest

from hdrpipe.config.load import check_config, read_config
from hdrpipe.errors import UsageError
from hdrpipe.tools import project

ROOT = Path(__file__).parents[3]
WRITTEN = ["Snakefile", "config.yaml", "profiles/default/config.yaml", "profiles/slurm/config.yaml"]


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def call(folder, *words):
    command = [sys.executable, "-P", "-m", "hdrpipe", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_init_writes_the_main_job_and_a_short_snakefile(tmp_path):
    paths = project.init(tmp_path / "new" / "work")
    assert files(tmp_path / "new" / "work") == WRITTEN
    assert sorted(paths) == [tmp_path / "new" / "work" / name for name in WRITTEN]
    assert (tmp_path / "new" / "work" / "config.yaml").read_text() == (ROOT / "config.yaml").read_text()
    lines = [line for line in (tmp_path / "new" / "work" / "Snakefile").read_text().splitlines() if line]
    assert len(lines) == 3


def test_init_takes_any_config_of_the_package(tmp_path):
    for name in project.config_names():
        project.init(tmp_path / name, name)
        assert read_config(tmp_path / name / "config.yaml").run
    assert {path.stem for path in (ROOT / "configs").glob("*.yaml")} < set(project.config_names())


@pytest.mark.parametrize("name", WRITTEN)
def test_init_overwrites_nothing(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match=f"{name}: exists already"):
        project.init(tmp_path)
    assert files(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_an_unknown_config_names_the_nearest(tmp_path):
    done = call(tmp_path, "init", "work", "--config", "tinny")
    assert done.returncode == 2
    assert "--config: unknown config 'tinny' (did you mean 'tiny'?); allowed: confirm" in done.stderr
    assert files(tmp_path) == []


def test_run_hands_every_argument_to_snakemake_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["-n", "-p", "x.h5", "--configfile", "a.yaml", "b.yaml"]
    whole = project.run_command(words)
    assert whole[-len(words) :] == words
    assert whole[-len(words) - 2 : -len(words)] == ["--snakefile", str(ROOT / "Snakefile")]


@pytest.mark.parametrize("words", [["--snakefile", "mine"], ["-s", "mine"], ["--snakefile=mine"]])
def test_run_takes_a_snakefile_that_is_named(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    assert project.run_command(words) == project.snakemake_command(words)


@pytest.mark.parametrize("name", ["Snakefile", "workflow/Snakefile"])
def test_run_takes_the_snakefile_of_the_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).touch()
    assert project.run_command(["-n"]) == project.snakemake_command(["-n"])


def test_rules_find_the_commands_of_this_interpreter_first(monkeypatch):
    monkeypatch.setenv("PATH", "/elsewhere")
    assert project.environment()["PATH"] == f"{Path(sys.executable).parent}:/elsewhere"


def test_a_package_without_its_workflow_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(project, "PACKAGE", tmp_path / "hdrpipe")
    with pytest.raises(UsageError, match="the workflow is not installed with this package"):
        project.project()


def test_run_plans_the_config_of_an_initialised_folder(tmp_path):
    assert call(tmp_path, "init", "work", "--config", "tiny").returncode == 0
    planned = call(tmp_path / "work", "run", "-n")
    assert planned.returncode == 0, planned.stderr
    assert "results/tiny/report.html" in planned.stdout
    assert "profile" in planned.stderr
    assert "profiles/default" in planned.stderr


def test_run_needs_no_folder_of_its_own(tmp_path):
    planned = call(tmp_path, "run", "-n", "--config", "run=other", "data={dataset: procedural}")
    assert planned.returncode == 0, planned.stderr
    assert "results/other/report.html" in planned.stdout
    assert "profiles/default" in planned.stderr


def test_the_schema_is_written_in_a_checkout_alone(tmp_path, monkeypatch):
    from hdrpipe.cli import schema

    monkeypatch.setattr(schema, "ROOT", tmp_path)
    with pytest.raises(UsageError, match="not that of a checkout"):
        schema.command()
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["-n", "--until", "teacher", "masks", "--cores", "1"], ["teacher", "masks"]),
        (["-U", "a.h5", "-p", "b.h5"], ["a.h5"]),
        (["--until=masks", "report.html"], ["masks"]),
        (["--until-x", "masks"], []),
        (["x.h5"], []),
    ],
)
def test_the_words_behind_until(command, words):
    assert project.until_words(command) == words


def test_until_a_rule_of_each_round_means_its_files_of_the_first():
    config = check_config({"run": "a", "teacher": {"shards": 2}, "crossfit": {"folds": 2}, "data": {"labelled": 4}})
    first = "<results>/a/round-01"
    assert project.first_files(config, ["teacher"]) == [f"{first}/uncertainty-00.h5", f"{first}/uncertainty-01.h5"]
    assert project.first_files(config, ["crossfit"]) == [f"{first}/crossfit-{k}-of-2.h5" for k in (0, 1)]
    assert project.first_files(config, ["masks", "report", "x.h5"]) == [f"{first}/masks.json"]
    assert project.first_files(config, ["hdr_masks"], "hdr_{}".format) == [f"{first}/masks.json"]
    assert project.first_files(config, ["prepare"]) == []


def test_without_pseudo_labels_there_is_no_teacher_to_stop_at():
    config = check_config({"run": "a", "student": {"unlabelled_batch": 0}})
    assert project.first_files(config, ["teacher", "masks"]) == []
    assert project.first_files(config, ["student"]) == ["<results>/a/round-01/student.safetensors"]


def test_a_machine_without_a_gpu_is_announced(tmp_path):
    assert "No NVIDIA GPU" in project.gpu_notice(tmp_path)
    (tmp_path / "nvidiactl").touch()
    assert "No NVIDIA GPU" in project.gpu_notice(tmp_path)
    (tmp_path / "nvidia0").touch()
    assert project.gpu_notice(tmp_path) == ""
