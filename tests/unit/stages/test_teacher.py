"""Labels by a classical merge: the teacher sees the frames aligned, whatever the student reads."""

import numpy as np
import pytest
import small_rounds

from hdrpipe.config.load import check_config
from hdrpipe.errors import UsageError
from hdrpipe.files.atomic import write_json
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.imaging.align import align
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.merge import denoised
from hdrpipe.stages.prepare import prepare
from hdrpipe.stages.teacher import teacher


@pytest.fixture(params=["none", "dis"])
def prepared(request, tmp_path):
    """Folder of scene products and the alignment that prepare made."""
    prepared_in(tmp_path, request.param)
    return tmp_path, request.param


def prepared_in(folder, method, **options):
    write_json(folder / "sources.json", [])
    data = {**small_rounds.DATA, "align": method, "options": {**small_rounds.DATA["options"], **options}}
    spec, job = small_rounds.stage("prepare", data=data)
    prepare(spec, folder / "cache", folder / "sources.json", folder, job)


def label(folder, weights=None, **settings):
    spec, job = small_rounds.stage("teacher", teacher=settings)
    out = folder / "uncertainty-00.h5"
    teacher(spec, weights, [folder / "unlabelled-00.h5"], (0, 1), 1, out, folder / ".state", job)
    return out


def test_labels_are_the_merge_of_aligned_frames(prepared):
    folder, method = prepared
    out = label(folder, source="denoised")
    with open_product(folder / "unlabelled-00.h5", "scenes") as scenes, open_product(out, "uncertainty") as labels:
        assert labels.attributes["weights"] == "denoised"
        assert labels.scenes == scenes.scenes
        for name in scenes.scenes:
            attributes = scenes.scene_attributes(name)
            ldr = scenes.read(name, "ldr" if method == "none" else "aligned").astype(np.float32) / np.float32(65535)
            burst = Burst(ldr, tuple(attributes["ev"]), attributes["reference"])
            expected = denoised(align(burst, "dis").burst if method == "none" else burst)
            assert np.abs(labels.read(name, "pseudo_label") - expected).max() < 1e-3
            sigma = labels.read(name, "sigma")
            assert sigma.shape == expected.shape[1:]
            assert 0 < sigma.min() < sigma.max() < 1


def test_sigma_grows_with_the_noise_of_the_camera(tmp_path):
    medians = []
    for noise in (1, 16):
        folder = tmp_path / str(noise)
        folder.mkdir()
        prepared_in(folder, "dis", noise=noise)
        with open_product(label(folder, source="denoised"), "uncertainty") as labels:
            medians.append(np.median([labels.read(name, "sigma") for name in labels.scenes]))
    assert 2 < medians[1] / medians[0] < 4.2  # 4 if as many frames agreed; noise hides some that do not


def test_a_network_needs_its_weights(prepared):
    with pytest.raises(UsageError, match="--weights"):
        label(prepared[0])


@pytest.mark.parametrize(
    "settings",
    [
        {"teacher": {"source": "denoised", "average": "tta"}},
        {"teacher": {"source": "denoised"}, "crossfit": {"folds": 2}},
        {"teacher": {"source": "denoised"}, "loss": {"judge_folds": 2}},
    ],
    ids=["average", "crossfit", "judge_folds"],
)
def test_what_is_for_networks_alone_is_refused_for_a_merge(settings):
    with pytest.raises(UsageError, match=r"is for teachers that are networks.*teacher\.source"):
        check_config(settings)
