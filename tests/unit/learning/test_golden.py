"""R38: networks and training states of every version that was ever written are read for ever (docs/products.md)."""

import json
import shutil

import golden_training as golden
import numpy as np
import pytest
from small_training import SETTINGS

from hdrpipe.files.weights import VERSION
from hdrpipe.inference.load import answer, stored
from hdrpipe.learning.state import StateStore

versions = pytest.mark.parametrize("version", range(1, VERSION + 1))


@versions
def test_a_network_answers_as_it_did(version, count):
    path = golden.network(version)
    assert path.stat().st_size < 50_000
    expected = json.loads(path.with_suffix(".json").read_text())
    np.testing.assert_allclose(answer(stored(path).net), expected, atol=1e-4)
    count("R38")


@versions
def test_a_training_goes_on_from_its_state(version, tmp_path, count):
    assert sum(slot.stat().st_size for slot in golden.state(version).iterdir()) < 150_000
    shutil.copytree(golden.state(version), tmp_path / "state")
    done = []
    trained = golden.train(tmp_path / "state", progress=lambda at, *_: done.append(at))
    assert done == list(range(golden.SAVED + 1, SETTINGS.steps + 1))
    assert [row["step"] for row in trained.history] == list(range(1, SETTINGS.steps + 1))
    assert all(np.isfinite(weight.numpy()).all() for weight in trained.student.state_dict().values())
    count("R38")


@versions
def test_a_state_of_other_work_is_not_taken_and_that_is_said(version, tmp_path, caplog, count):
    shutil.copytree(golden.state(version), tmp_path / "state")
    with caplog.at_level("INFO"):
        assert StateStore(tmp_path / "state", "other").load() is None
    assert caplog.text.count("ignored, state of a training with other settings, code or inputs") == 2
    count("R38")
