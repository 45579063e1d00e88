"""The masks stage with a strategy that looks at frames."""

import json

import numpy as np
import pytest
from small_run import make_run

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.errors import UsageError
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.stages.job import Job
from hdrpipe.stages.masks import MaskInputs, masks

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
