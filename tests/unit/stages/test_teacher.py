"""Labels by a merge or by a given network: they see the frames aligned, whatever the student reads."""

import os
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
import small_rounds

from hdrpipe.config.fingerprint import fingerprint
from hdrpipe.config.load import check_config, plugins_of, weights_of
from hdrpipe.errors import StoppedError, UsageError
from hdrpipe.evaluation.uncertainty import error_map
from hdrpipe.files.atomic import write_json
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.product.shards import Shards
from hdrpipe.imaging.align import align
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.merge import denoised
from hdrpipe.inference.load import SHIPPED, stored
from hdrpipe.inference.tiles import predict
from hdrpipe.masking.strategy import patch_means
from hdrpipe.stages.inputs import scene_arrays
from hdrpipe.stages.job import silent
from hdrpipe.stages.prepare import prepare
from hdrpipe.stages.teacher import merged, risk_fields, teacher


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


def label(folder, weights=None, progress=silent, **settings):
    spec, job = small_rounds.stage("teacher", teacher=settings)
    job, out = replace(job, progress=progress), folder / "uncertainty-00.h5"
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


def test_a_network_from_a_file_labels_aligned_frames(prepared):
    folder, method = prepared
    out = label(folder, source=str(SHIPPED))
    shipped = stored(SHIPPED)
    with open_product(folder / "unlabelled-00.h5", "scenes") as scenes, open_product(out, "uncertainty") as labels:
        assert labels.attributes["weights"] == shipped.metadata["content_hash"]
        for name in scenes.scenes:
            attributes = scenes.scene_attributes(name)
            ldr = scenes.read(name, "ldr" if method == "none" else "aligned").astype(np.float32) / np.float32(65535)
            burst = Burst(ldr, tuple(attributes["ev"]), attributes["reference"])
            seen = align(burst, "dis").burst if method == "none" else burst
            radiance, sigma = predict(shipped.net, seen.ldr, seen.times)
            assert np.abs(labels.read(name, "pseudo_label") - radiance).max() < 1e-3
            assert np.allclose(labels.read(name, "sigma"), sigma, rtol=0.01)


def test_its_content_counts_and_not_its_time(tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(SHIPPED.read_bytes())
    config = check_config({"teacher": {"source": str(path)}})
    before = fingerprint("teacher", plugins_of(config, "teacher"), weights_of(config, "teacher"))
    os.utime(path, (1, 1))
    assert fingerprint("teacher", plugins_of(config, "teacher"), weights_of(config, "teacher")) == before
    path.write_bytes(path.read_bytes() + b"x")
    assert fingerprint("teacher", plugins_of(config, "teacher"), weights_of(config, "teacher")) != before


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"teacher": {"source": "denoised", "average": "tta"}}, "is for teachers that are networks"),
        ({"teacher": {"source": "denoised"}, "crossfit": {"folds": 2}}, "this one is given"),
        ({"teacher": {"source": "denoised"}, "loss": {"judge_folds": 2}}, "this one is given"),
        ({"teacher": {"source": "a.safetensors"}, "crossfit": {"folds": 2}}, "this one is given"),
    ],
    ids=["average", "crossfit", "judge_folds", "file"],
)
def test_what_a_given_teacher_cannot_do_is_refused(settings, told):
    with pytest.raises(UsageError, match=rf"{told}.*teacher\.source"):
        check_config(settings)


def test_the_risk_of_labels_is_measured_without_their_truth(tmp_path):
    prepared_in(tmp_path, "dis", size=128, pool=6)
    with (
        open_product(label(tmp_path, source="denoised", risk=True), "uncertainty") as labels,
        open_product(tmp_path / "unlabelled-truth-00.h5", "truth") as truths,
    ):
        measured, true = [], []
        for name in labels.scenes:
            fraction = labels.read(name, "patch_measured")
            assert fraction.shape == labels.read(name, "patch_risk").shape == (2, 2)
            error = error_map(labels.read(name, "pseudo_label"), truths.read(name, "radiance"))
            measured.append(labels.read(name, "patch_risk")[fraction > 0.5])
            true.append(patch_means(np.square(error))[fraction > 0.5])
        measured, true = np.concatenate(measured), np.concatenate(true)
    assert measured.size >= 8
    assert 0.5 < measured.mean() / true.mean() < 2.0


def test_the_measured_risk_of_a_patch_is_that_of_its_error(tmp_path):
    """A label that is 20 % off in one patch alone."""
    prepared_in(tmp_path, "dis", size=128)
    with ExitStack() as stack:
        scenes = Shards([tmp_path / "unlabelled-00.h5"], "scenes", stack)
        (scene,) = scene_arrays(scenes, None)[:1]
        radiance, sigma = merged(scenes, scene)
        wrong = radiance.copy()
        wrong[:, :64, 64:] *= 1.2
        right, off = (risk_fields(lambda _, x=x: (x, sigma), scenes, scene) for x in (radiance, wrong))
    assert np.all(off["patch_measured"] > 0.3)
    expected = np.zeros((2, 2))
    slope = 5000 / (np.log(5001) * (1 + 5000 * radiance[:, :64, 64:]))
    expected[0, 1] = np.square(0.2 * slope * radiance[:, :64, 64:]).mean()
    change = off["patch_risk"] - right["patch_risk"]
    assert change == pytest.approx(expected, rel=0.2, abs=1e-9)


def test_no_risk_is_measured_where_frames_are_compressed(tmp_path):
    prepared_in(tmp_path, "dis", size=128, camera="jpeg")
    with ExitStack() as stack:
        scenes = Shards([tmp_path / "unlabelled-00.h5"], "scenes", stack)
        scene = scene_arrays(scenes, None)[0]
        fields = risk_fields(lambda scene: merged(scenes, scene), scenes, scene)
    assert fields["patch_measured"].shape == (2, 2)
    assert not any(plane.any() for plane in fields.values())


def test_the_measured_risk_changes_no_label(tmp_path):
    prepared_in(tmp_path, "dis")
    content = []
    for risk in (False, True):
        with open_product(label(tmp_path, source="denoised", risk=risk), "uncertainty") as labels:
            name = labels.scenes[0]
            assert labels.has(name, "patch_risk") is risk
            content.append([labels.read(name, field) for field in ("pseudo_label", "sigma")])
    assert all(np.array_equal(*pair) for pair in zip(*content, strict=True))


def test_a_stopped_measurement_goes_on_with_what_it_has(tmp_path):
    prepared_in(tmp_path, "dis")
    contents = []
    for stopped in (False, True):
        if stopped:
            with pytest.raises(StoppedError):
                label(tmp_path, progress=stop_at_second, source="denoised", risk=True)
        with open_product(label(tmp_path, source="denoised", risk=True), "uncertainty") as labels:
            contents.append(labels.content_hash)
    assert contents[0] == contents[1]


def stop_at_second(done, total, name):
    if done == 2:
        raise StoppedError("stopped")
