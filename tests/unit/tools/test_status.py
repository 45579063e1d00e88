"""What logs tell of a run."""

import fcntl
import json
import time
from pathlib import Path

import pytest

from hdrpipe.errors import UsageError
from hdrpipe.tools.run_folder import rebuild_command, run_folder, run_name, setting_words
from hdrpipe.tools.status import job_states, steps_of_all

BEGUN = "2026-01-01 10:00:00,000 INFO student spec {}\n"
HALF = "2026-01-01 10:00:30,000 INFO student  30/60  50 %  ETA 0:30  total 0.5\n"
ALL = "2026-01-01 10:01:00,000 INFO student  60/60  100 %  took 1:00  total 0.4\n"
END = "2026-01-01 10:01:02,000 DEBUG finished\n"
ERROR = "2026-01-01 10:00:31,000 ERROR total is nan at step 31\n"


@pytest.fixture
def run(tmp_path):
    (tmp_path / "results" / "demo" / "logs").mkdir(parents=True)
    return tmp_path / "results" / "demo"


@pytest.mark.parametrize(
    ("text", "state", "done", "seconds"),
    [
        (BEGUN + HALF + ALL + END, "done", 60, 62),
        (BEGUN + HALF, "stopped", 30, 30),
        (BEGUN + HALF + ALL, "stopped", 60, 60),
        (BEGUN + HALF + ERROR, "failed", 30, 31),
        (BEGUN, "stopped", 0, 0),
        ("", "stopped", 0, 0),
    ],
)
def test_a_log_without_a_living_writer_is_done_failed_or_stopped(run, text, state, done, seconds):
    (run / "logs" / "student-01.log").write_text(text)
    (job,) = job_states(run)
    assert (job.name, job.state, job.done, job.seconds, job.eta) == ("student-01", state, done, seconds, "")


def test_a_log_that_somebody_holds_is_running_with_its_eta(run):
    log = run / "logs" / "student-01.log"
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - 100))
    log.write_text(BEGUN.replace("2026-01-01 10:00:00", stamp) + HALF)
    with open(log) as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        (job,) = job_states(run)
    assert (job.state, job.done, job.total, job.eta, job.words) == ("running", 30, 60, "0:30", "total 0.5")
    assert 99 <= job.seconds <= 110


def test_jobs_come_in_the_order_of_their_beginning(run):
    (run / "logs" / "a.log").write_text(BEGUN.replace("10:00:00", "11:00:00"))
    (run / "logs" / "b.log").write_text(BEGUN)
    assert [job.name for job in job_states(run)] == ["b", "a"]


def test_jobs_of_arms_are_named_by_their_arm(run):
    (run / "logs" / "warmup.log").write_text(BEGUN + ALL + END)
    (run / "compare" / "labels-alone" / "logs").mkdir(parents=True)
    (run / "compare" / "labels-alone" / "logs" / "warmup.log").write_text(BEGUN.replace("10:00:00", "10:02:00") + HALF)
    assert [(job.name, job.state) for job in job_states(run)] == [
        ("warmup", "done"),
        ("labels-alone warmup", "stopped"),
    ]


def test_an_error_is_its_last_word(run):
    (run / "logs" / "a.log").write_text(BEGUN + ERROR)
    assert job_states(run)[0].words == "total is nan at step 31"


def test_snakemake_counts_its_jobs(tmp_path):
    assert steps_of_all(tmp_path) is None
    (tmp_path / ".snakemake" / "log").mkdir(parents=True)
    log = tmp_path / ".snakemake" / "log" / "2026.snakemake.log"
    log.write_text("1 of 18 steps (6%) done\n\n7 of 18 steps (39%) done\n")
    assert steps_of_all(tmp_path) == (7, 18)


def test_a_run_is_found_by_path_and_by_name(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run_folder(str(run)) == run
    assert run_folder("demo").resolve() == run
    assert run_name(run) == "demo"
    with pytest.raises(UsageError, match=r"did you mean 'demo'\?"):
        run_folder("dmeo")


def test_the_command_that_rebuilds_names_the_config_of_the_run(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = run / "round-01" / "masks-00.h5"
    assert rebuild_command(run, [file]).endswith(f"-R {file} --configfile <the config of this run>")
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "mine.yaml").write_text("run: demo")
    assert rebuild_command(run, [file]).endswith(f"-R {file} --configfile configs/mine.yaml")
    (tmp_path / "config.yaml").write_text("run: demo")
    assert rebuild_command(run, [file]) == f"snakemake --cores all -R {file}"


def test_a_file_is_made_anew_with_the_settings_that_the_run_was_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("run: demo\n")
    run = tmp_path / "results" / "demo"
    (run / "logs").mkdir(parents=True)
    given = ["--cores", "2", "-n", "--configfile", "a.yaml", "b.yaml", "--config", "seed=1", "--quiet"]
    (run / ".command.json").write_text(json.dumps(given))
    expected = "snakemake --cores all -R x.h5 --configfile a.yaml b.yaml --config seed=1"
    assert rebuild_command(run, [Path("x.h5")]) == expected


def test_settings_of_a_call_are_told_from_its_other_options():
    assert setting_words(["all", "--cores", "all", "--configfile=a.yaml", "-d", "there"]) == [
        "--configfile=a.yaml",
        "-d",
        "there",
    ]
    assert setting_words(["results/demo/report.html", "--resources", "gpu=2"]) == []


@pytest.mark.parametrize("text", ["", "{}", "null"])
def test_a_command_that_cannot_be_read_is_none(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    run = tmp_path / "results" / "demo"
    run.mkdir(parents=True)
    (run / ".command.json").write_text(text)
    assert rebuild_command(run, [Path("x.h5")]).endswith("--configfile <the config of this run>")
