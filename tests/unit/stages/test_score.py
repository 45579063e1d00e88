"""Which student a study scores."""

import json
from pathlib import Path

import pytest
from small_run import make_run, write_truths

from hdrpipe.errors import UsageError
from hdrpipe.files.rows import read_rows
from hdrpipe.inference.load import SHIPPED
from hdrpipe.stages.job import Job
from hdrpipe.stages.score import chosen_of, score

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


@pytest.mark.parametrize("names", [["test-001", "test-004"], []])
def test_scenes_without_truth_have_no_row(tmp_path, names):
    make_run(tmp_path)
    write_truths(tmp_path / "few.h5", names)
    bursts = [tmp_path / "scenes" / "test-00.h5"]
    score(SHIPPED, bursts, [tmp_path / "few.h5"], tmp_path / "scores.csv", Job("score"))
    assert [row["scene"] for row in read_rows(tmp_path / "scores.csv", "score")] == names
