"""Which student a study scores."""

import json
from pathlib import Path

import pytest

from hdrpipe.errors import UsageError
from hdrpipe.stages.score import chosen_of

STUDENTS = [Path(f"round-0{k}/student.safetensors") for k in (1, 2, 3)]


def test_the_choice_names_the_student(tmp_path):
    chosen = tmp_path / "chosen.json"
    chosen.write_text(json.dumps({"round": 2}))
    assert chosen_of(STUDENTS, chosen) == STUDENTS[1]
    assert chosen_of(STUDENTS[:1], None) == STUDENTS[0]


def test_no_student_is_guessed(tmp_path):
    chosen = tmp_path / "chosen.json"
    chosen.write_text(json.dumps({"round": 4}))
    for given in (chosen, None):
        with pytest.raises(UsageError, match="3 students"):
            chosen_of(STUDENTS, given)
