"""Results that Snakemake does not remember: what was made otherwise is named, and nothing else."""

import shutil

import pytest


@pytest.fixture
def forgotten(finished, tmp_path):
    """The finished run without Snakemake's records, as in a copy or a fresh clone."""
    copy = type(finished)(shutil.copytree(finished.path, tmp_path / "copy"))
    shutil.rmtree(copy.path / ".snakemake")
    return copy


def test_what_is_as_the_config_asks_is_not_named(forgotten):
    assert "made with other settings" not in forgotten.snakemake("-n")


def test_changed_settings_and_code_are_named_with_the_command_that_makes_them_anew(forgotten):
    path = forgotten.path / "hdrpipe" / "masking" / "threshold.py"
    path.write_text(path.read_text() + "\nEDITED = 1\n")
    printed = forgotten.snakemake("-n", overlay={"student": {"lr": 0.001}})
    line = next(line for line in printed.splitlines() if "made with other settings" in line)
    assert "student.lr: 0.0005, now 0.001" in line
    assert "code of masks" in line
    assert "code of warmup" not in line
    command = line.split("To make them again: ")[1].split()
    assert set(command[command.index("-R") + 1 : command.index("--configfile")]) == {"masks", "student", "report"}
    assert command[command.index("--configfile") :] == ["--configfile", "configs/tiny.yaml", "overlay.yaml"]


def test_what_snakemake_remembers_it_reruns_itself(finished):
    printed = finished.snakemake("-n", overlay={"student": {"lr": 0.001}})
    assert "rule student" in printed
    assert "made with other settings" not in printed
