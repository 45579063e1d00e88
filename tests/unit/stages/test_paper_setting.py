"""The paper's configs: their figures, and one epoch of them on small pictures that lie as Kalantari's do."""

import json
from pathlib import Path

import layouts
import numpy as np
import pytest
import yaml

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.weights import load_weights
from hdrpipe.stages.evaluate import LabelsOfRound, evaluate
from hdrpipe.stages.job import Job
from hdrpipe.stages.masks import MaskInputs, masks
from hdrpipe.stages.prepare import prepare
from hdrpipe.stages.student import StudentInputs, student
from hdrpipe.stages.teacher import teacher
from hdrpipe.stages.warmup import warmup

CONFIGS = Path(__file__).parents[3] / "configs"
CROPS = ((1000 - 128) // 64 + 1) * ((1500 - 128) // 64 + 1)


@pytest.mark.parametrize(("name", "pool"), [("kalantari", 74), ("hu", 85)])
def test_the_schedule_is_that_of_the_paper(name, pool):
    config = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    assert CROPS == 308
    assert config["data"]["labelled"] == 5
    assert config["warmup"]["steps"] == 30 * (5 * CROPS // 16)
    assert config["rounds"] * config["student"]["steps"] == 170 * ((pool - 5) * CROPS // 16)
    total = config["warmup"]["steps"] + config["rounds"] * config["student"]["steps"]
    assert config["student"]["halve_every"] * 2 == total


def small(root):
    """The config of the paper with small pictures, few labels and few steps; method and network stay whole."""
    mapping = yaml.safe_load((CONFIGS / "kalantari.yaml").read_text())
    mapping["rounds"] = 1
    mapping["data"] |= {"labelled": 2, "shards": 1, "options": {"root": str(root)}}
    mapping["teacher"]["shards"] = 1
    for training in ("warmup", "student"):
        mapping[training] |= {"steps": 1, "batch": 1, "crop": 32}
    mapping["student"]["unlabelled_batch"] = 1
    return check_config(mapping)


def test_one_epoch_of_the_paper_setting(tmp_path):
    layouts.kalantari_ucsd(tmp_path / "data", flat=True)
    config = small(tmp_path / "data")
    scenes, before, here = tmp_path / "scenes", tmp_path / "round-00", tmp_path / "round-01"
    for folder in (scenes, before, here):
        folder.mkdir()
    (scenes / "sources.json").write_text("[]")

    def of(stage):
        text = stage_spec(config, stage)
        return parse_spec(stage, text), Job(stage, text)

    spec, job = of("prepare")
    prepare(spec, tmp_path, scenes / "sources.json", scenes, job)
    labelled, truths = [scenes / "labelled-00.h5"], [scenes / "labelled-truth-00.h5"]
    pool, kept = [scenes / "unlabelled-00.h5"], [scenes / "unlabelled-truth-00.h5"]
    spec, job = of("warmup")
    warmup(spec, labelled, truths, before, tmp_path / "state", job)
    for bursts, out in ((pool, "uncertainty-00.h5"), (labelled, "labelled.h5")):
        spec, job = of("teacher")
        teacher(spec, before / "teacher.safetensors", bursts, (0, 1), 1, here / out, tmp_path / "state", job)
    spec, job = of("masks")
    files = MaskInputs([here / "uncertainty-00.h5"], here / "labelled.h5", truths)
    masks(spec, files, here, here / "masks.json", job)
    made = [here / "uncertainty-00.h5"], [here / "masks-00.h5"]
    names = ("teacher", "student", "optimizer")
    start = StudentInputs(labelled, truths, pool, *made, *(before / f"{name}.safetensors" for name in names))
    spec, job = of("student")
    student(spec, start, 1, here, tmp_path / "state", job)
    weights = {name: here / f"{name}.safetensors" for name in ("student", "teacher")}
    test = [scenes / "test-00.h5"], [scenes / "test-truth-00.h5"]
    evaluate(weights, *test, LabelsOfRound(*made, kept), 1, here, Job("evaluate"))

    tensors, about = load_weights(here / "student.safetensors")
    assert sum(t.size if isinstance(t, np.ndarray) else t.numel() for n, t in tensors.items() if "backbone" in n) == (
        1_222_113
    )
    assert (about["model"]["output"], about["steps"]) == ("sigmoid", 2)
    with open_product(here / "test.h5", "uncertainty") as product:
        assert len(product.scenes) == 1
    told = json.loads((here / "metrics.json").read_text())
    maps = {"sigma", "mirrored", "random", "saturation", "difference", "gradient"}
    assert set(told["sigma_judged"]["rivals"]) == maps
    assert 0.9 < sum(kind["share"] for kind in told["sigma_judged"]["kinds"].values()) <= 1.0 + 1e-9
    assert set(told["masks"]) == {"patch", "pixel", "bilevel"}
    history = (here / "history.csv").read_text().splitlines()[0]
    for part in ("reconstruction", "judge", "perceptual"):
        assert f"labelled_{part}" in history
        assert f"unlabelled_{part}" in history
