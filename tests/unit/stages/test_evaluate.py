"""Evaluation of a student: risk measured without truth, and sigma calibrated by it."""

import json
import math

import numpy as np
import pytest
import small_rounds

from hdrpipe.evaluation.uncertainty import error_map
from hdrpipe.files.atomic import write_json
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.weights import load_weights, save_weights
from hdrpipe.inference.load import SHIPPED
from hdrpipe.stages.evaluate import LabelsOfRound, evaluate
from hdrpipe.stages.job import Job
from hdrpipe.stages.prepare import prepare


def doubting_half(folder):
    """The shipped network's weights, with half of its sigma."""
    tensors, metadata = load_weights(SHIPPED)
    tensors["judge.last.bias"] = tensors["judge.last.bias"] - math.log(2)
    save_weights(folder / "half.safetensors", tensors, metadata)
    return folder / "half.safetensors"


def evaluated(folder, without_truth=False, weights=SHIPPED, **options):
    """`metrics.json` of a network, the shipped one if not named, on procedural test scenes."""
    write_json(folder / "sources.json", [])
    data = {**small_rounds.DATA, "align": "dis", "options": {**small_rounds.DATA["options"], "size": 128, **options}}
    spec, job = small_rounds.stage("prepare", data=data)
    prepare(spec, folder / "cache", folder / "sources.json", folder, job)
    truths = [] if without_truth else [folder / "test-truth-00.h5"]
    networks = dict.fromkeys(("teacher", "student"), weights)
    evaluate(networks, [folder / "test-00.h5"], truths, LabelsOfRound(), 0, folder, Job("evaluate"))
    return json.loads((folder / "metrics.json").read_text())


def test_risk_and_size_of_sigma_are_measured_without_truth(tmp_path):
    told = evaluated(tmp_path, weights=doubting_half(tmp_path), test=6, noise=4)
    with open_product(tmp_path / "test.h5", "uncertainty") as product:
        with open_product(tmp_path / "test-truth-00.h5", "truth") as truths:
            error = [error_map(product.read(n, "pseudo_label"), truths.read(n, "radiance")) for n in product.scenes]
        sigma = [product.read(name, "sigma") for name in product.scenes]
    true = np.sqrt(np.mean(np.square(error)) / np.mean(np.square(sigma)))
    assert told["measured_test"]["temperature"] == pytest.approx(true, rel=0.5)
    assert 0.3 < told["measured_test"]["risk"] / np.mean(np.square(error)) < 3
    before, after = (abs(told[key]["coverage_90"] - 0.9) for key in ("sigma_test", "sigma_calibrated"))
    assert after < before / 2


def test_the_same_without_any_truth(tmp_path):
    told = evaluated(tmp_path, without_truth=True)
    assert told["measured_test"]["temperature"] > 0
    assert told["test"] == {}
    assert "sigma_test" not in told
    assert "sigma_calibrated" not in told


def test_compressed_frames_calibrate_nothing(tmp_path):
    told = evaluated(tmp_path, camera="jpeg")
    assert "sigma_test" in told
    assert "measured_test" not in told
    assert "sigma_calibrated" not in told
