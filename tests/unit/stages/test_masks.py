"""The masks stage with a strategy that looks at frames."""

import json

import numpy as np
import pytest
import small_rounds
from small_run import make_run

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.errors import UsageError
from hdrpipe.files.atomic import write_json
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.stages.job import Job
from hdrpipe.stages.masks import MaskInputs, masks
from hdrpipe.stages.prepare import prepare
from hdrpipe.stages.teacher import teacher

SPEC = stage_spec(check_config({"masks": {"strategy": "similarity", "level": "pixel"}}), "masks")


def make_masks(folder, with_frames):
    """Masks of a small run whose pseudo labels are darker than the truth, from row to row the more."""
    files = make_run(folder)
    scenes = [*files.scenes, *files.unlabelled] if with_frames else ()
    inputs = MaskInputs(files.uncertainty, files.predicted[0], files.truths, scenes=scenes)
    masks(parse_spec("masks", SPEC), inputs, folder, folder / "masks.json", Job("masks", SPEC, "code"))
    with open_product(folder / "masks-00.h5", "masks") as product:
        return [product.read(scene, "weight") for scene in product.scenes]


def test_similarity_compares_pseudo_labels_with_their_references(tmp_path):
    weights = make_masks(tmp_path, with_frames=True)
    kept = np.mean([weight.mean(axis=1) for weight in weights], axis=0)
    assert kept[:30].mean() > 2 * kept[-30:].mean()
    told = json.loads((tmp_path / "masks.json").read_text())
    assert told["labelled"]["kept_risk"] < told["labelled"]["dropped_risk"]


def test_the_frames_are_among_what_the_masks_were_made_from(tmp_path):
    make_masks(tmp_path, with_frames=True)
    said = (tmp_path / "masks.json.json").read_text()
    assert "unlabelled-00.h5" in said
    assert "test-00.h5" in said


def test_without_frames_it_says_what_it_wants(tmp_path):
    with pytest.raises(UsageError, match="--scenes"):
        make_masks(tmp_path, with_frames=False)


def test_the_measured_risk_of_what_is_kept_is_told(tmp_path):
    """Patches by what the teacher measured; a run whose labels were measured says the risk of all and of the kept."""
    write_json(tmp_path / "sources.json", [])
    data = {**small_rounds.DATA, "options": {**small_rounds.DATA["options"], "size": 128}}
    settings = {"teacher": {"source": "denoised", "risk": True}, "data": data, "match": {"strategy": "none"}}
    settings["masks"] = {"strategy": "measured", "options": {"rmse_patch": 0.004}}
    spec, job = small_rounds.stage("prepare", **settings)
    prepare(spec, tmp_path / "cache", tmp_path / "sources.json", tmp_path, job)
    for split, stage in (("unlabelled", "teacher"), ("labelled", "teacher_labelled")):
        spec, job = small_rounds.stage(stage, **settings)
        teacher(spec, None, [tmp_path / f"{split}-00.h5"], (0, 1), 1, tmp_path / f"{split}.h5", tmp_path / split, job)
    spec, job = small_rounds.stage("masks", **settings)
    inputs = MaskInputs([tmp_path / "unlabelled.h5"], tmp_path / "labelled.h5", [tmp_path / "labelled-truth-00.h5"])
    masks(spec, inputs, tmp_path, tmp_path / "masks.json", job)
    told = json.loads((tmp_path / "masks.json").read_text())
    with open_product(tmp_path / "unlabelled.h5", "uncertainty") as labels:
        measured = [[labels.read(name, f"patch_{field}") for field in ("risk", "measured")] for name in labels.scenes]
    expected = sum((risk * part).sum() for risk, part in measured) / sum(part.sum() for _, part in measured)
    assert told["measured"]["risk"] == pytest.approx(expected, rel=1e-5)
    assert 0 < told["measured"]["keep_rate"] < 1
    assert told["measured"]["kept_risk"] < told["measured"]["risk"]
    assert told["statistics"]["temperature"] > 0
