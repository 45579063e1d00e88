"""Which weights a run, named by its folder or by its name, fuses with."""

import hashlib
import json
from pathlib import Path

import pytest

from hdrpipe.errors import DamagedError, InputError, UsageError
from hdrpipe.tools.networks import find_weights


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results" / "tiny"
    (folder / "logs").mkdir(parents=True)
    text = json.dumps({"round": 2})
    (folder / "chosen.json").write_text(text)
    said = {"stage": "choose", "content_hash": "sha256:" + hashlib.sha256(text.encode()).hexdigest()}
    (folder / "chosen.json.json").write_text(json.dumps(said))
    return folder


def test_a_run_is_named_by_its_folder_or_its_name(run):
    wanted = run / "round-02" / "student.safetensors"
    for named in ("tiny", "results/tiny", run):
        assert find_weights(Path(named), None).resolve() == wanted


def test_a_folder_beside_results_is_a_run_only_if_something_was_chosen_there(run, tmp_path):
    other = tmp_path / "tiny"
    other.mkdir()
    assert find_weights(other.relative_to(tmp_path), None).resolve().is_relative_to(run)
    (other / "chosen.json").write_text('{"round": 1}')
    assert find_weights(other.relative_to(tmp_path), None).resolve().is_relative_to(other)


def test_an_unknown_run_is_told_with_the_nearest_one(run):
    with pytest.raises(UsageError, match=r"did you mean 'tiny'\?"):
        find_weights(Path("tinny"), None)


def test_an_altered_choice_is_not_followed(run):
    (run / "chosen.json").write_text('{"round": 1}')
    with pytest.raises(DamagedError, match=r"chosen\.json.*altered.*'choose'"):
        find_weights(run, None)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"round": "x"}', '{"round": Infinity}'])
def test_a_damaged_choice_is_told(run, text):
    (run / "chosen.json.json").unlink()
    (run / "chosen.json").write_text(text)
    with pytest.raises(DamagedError, match="'choose'"):
        find_weights(run, None)


def test_a_run_without_a_choice_is_not_finished(run):
    (run / "chosen.json").unlink()
    with pytest.raises(InputError, match="finish the run first"):
        find_weights(run, None)
