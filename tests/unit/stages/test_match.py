"""Noisy copies of labelled scenes."""

import json

import numpy as np
import pytest

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.errors import UsageError
from hdrpipe.files.product.hdf5 import open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.imaging.compression import compressed
from hdrpipe.imaging.noise_model import measured_noise
from hdrpipe.stages.job import Job
from hdrpipe.stages.match import match

EV = [-2.0, 0.0, 2.0]


def write(path, scenes, radiances, noise, quality=0):
    """A scenes product of static bursts with this factor on the camera's noise, as JPEGs where a quality is given."""
    rng = np.random.default_rng(7)

    def rows():
        for name, radiance in zip(scenes, radiances, strict=True):
            signal = np.stack([radiance * 4.0**k for k in range(3)]).clip(0, 1)
            grain = rng.standard_normal(signal.shape) * np.sqrt(noise * (4e-4 * signal + 4e-6))
            ldr = (signal + grain).clip(0, 1) ** (1 / 2.2)
            ldr = np.rint((compressed(ldr, quality) if quality else ldr) * 65535).astype(np.uint16)
            preview = np.zeros((*radiance.shape[1:], 3), np.uint8)
            about = {"ev": EV, "reference": 1, "difficulty": "tripod", "group": "g", "sources": "[]", "alignment": "[]"}
            about["quality"] = quality
            yield name, {"ldr": ldr, "preview": preview}, about

    write_product(path, SCHEMAS["scenes"], rows(), {}, {})
    return path


@pytest.fixture
def pools(tmp_path, texture):
    pictures = [texture(seed, side=128, smooth=6.0) * 0.9 for seed in range(6)]
    labelled = write(tmp_path / "labelled-00.h5", ["a", "b"], pictures[:2], 1.0)
    unlabelled = write(tmp_path / "unlabelled-00.h5", ["c", "d", "e", "f"], pictures[2:], 10.0)
    return labelled, unlabelled


def run(pools, out, **settings):
    config = check_config({"data": {"dataset": "procedural"}, "match": {"strategy": "noise", "copies": 3, **settings}})
    spec = stage_spec(config, "match")
    match(parse_spec("match", spec), [pools[0]], [pools[1]], out, Job("match", spec, "code"))
    with open_product(out / "matched-00.h5", "scenes") as product:
        names = product.scenes
        frames = [np.asarray(product.read(name, "ldr"), np.float32) / 65535 for name in names]
        attributes = [product.scene_attributes(name) for name in names]
        aligned = [product.has(name, "aligned") for name in names]
    return names, frames, attributes, aligned, json.loads((out / "noise.json").read_text())


def test_copies_have_the_noise_of_the_unlabelled_bursts_and_name_their_truth(pools, tmp_path):
    names, frames, attributes, aligned, noise = run(pools, tmp_path / "out")
    assert names == ("a~00", "a~01", "a~02", "b~00", "b~01", "b~02")
    assert [about["truth_of"] for about in attributes] == ["a"] * 3 + ["b"] * 3
    assert all(aligned)
    assert measured_noise(frames).variance(0.1) == pytest.approx(10 * 4.4e-5, rel=0.2)
    assert noise["source"]["shot"] == pytest.approx(4e-4, rel=0.3)
    assert [target["shot"] for target in noise["targets"]] == pytest.approx([4e-3] * 4, rel=0.3)
    assert not np.array_equal(frames[0], frames[1])


@pytest.mark.parametrize("factor", [3.0, 12.0])
def test_noise_that_compression_hides_is_found_and_copies_are_compressed(tmp_path, texture, factor):
    pictures = [texture(seed, side=128, smooth=6.0) * 0.9 for seed in range(8)]
    labelled = write(tmp_path / "labelled-00.h5", ["a", "b"], pictures[:2], 1.0)
    field = write(tmp_path / "unlabelled-00.h5", list("cdefgh"), pictures[2:], factor, quality=90)
    with open_product(field, "scenes") as product:
        seen = [np.asarray(product.read(name, "ldr"), np.float32) / 65535 for name in product.scenes]
    assert measured_noise(seen).variance(0.1) < factor * 4.4e-5 / 2  # what is measured is far from what there was
    _, frames, attributes, _, noise = run((labelled, field), tmp_path / "out", copies=6)
    assert {target["quality"] for target in noise["targets"]} == {90}
    assert np.median([target["shot"] for target in noise["targets"]]) == pytest.approx(factor * 4e-4, rel=0.35)
    assert measured_noise(frames).variance(0.1) == pytest.approx(measured_noise(seen).variance(0.1), rel=0.6)
    assert all(np.unique(frame).size <= 256 for frame in frames)
    assert {about["quality"] for about in attributes} == {90}


def test_labels_that_were_compressed_alike_are_left_as_they_are(tmp_path, texture):
    pictures = [texture(seed, side=128, smooth=6.0) * 0.9 for seed in range(5)]
    labelled = write(tmp_path / "labelled-00.h5", ["a", "b"], pictures[:2], 4.0, quality=90)
    field = write(tmp_path / "unlabelled-00.h5", list("cde"), pictures[2:], 4.0, quality=90)
    with open_product(labelled, "scenes") as product:
        taken = np.asarray(product.read("a", "ldr"), np.float32) / 65535
    _, frames, attributes, _, noise = run((labelled, field), tmp_path / "out", copies=2)
    assert {target["quality"] for target in noise["targets"]} == {0}
    assert {about["quality"] for about in attributes} == {90}
    assert np.abs(frames[0] - taken).mean() < 0.002


def test_the_blind_control_measures_nothing_and_stays_in_its_range(pools, tmp_path):
    *_, noise = run(pools, tmp_path / "out", strategy="blind", shot=[1e-3, 2e-3], copies=20)
    shots = [model["shot"] for model in noise["copies"].values()]
    assert noise["targets"] == []
    assert 1e-3 <= min(shots) < 1.2e-3 < 1.7e-3 < max(shots) <= 2e-3


def test_the_blind_control_may_compress(pools, tmp_path):
    _, frames, _, _, noise = run(pools, tmp_path / "out", strategy="blind", quality=[80, 84], copies=10)
    assert {model["quality"] for model in noise["copies"].values()} == {80, 81, 82, 83, 84}
    assert all(np.unique(frame).size <= 256 for frame in frames)


def test_the_same_settings_give_the_same_copies(pools, tmp_path):
    first, second = run(pools, tmp_path / "one"), run(pools, tmp_path / "two")
    assert all(np.array_equal(a, b) for a, b in zip(first[1], second[1], strict=True))


def test_without_unlabelled_bursts_there_is_nothing_to_measure(pools, tmp_path):
    empty = write(tmp_path / "empty.h5", [], [], 1.0)
    with pytest.raises(UsageError, match="no unlabelled burst"):
        run((pools[0], empty), tmp_path / "out")


@pytest.mark.parametrize(
    ("section", "where"),
    [
        ({"match": {"shot": [1e-2, 1e-4]}}, "match.shot"),
        ({"match": {"quality": [95, 80]}}, "match.quality"),
        ({"match": {"strategy": "noise"}, "crossfit": {"folds": 2}}, "match.strategy"),
        ({"match": {"strategy": "blind"}, "loss": {"judge_folds": 2}}, "match.strategy"),
    ],
)
def test_impossible_settings_are_refused(section, where):
    with pytest.raises(UsageError) as caught:
        check_config({"data": {"dataset": "procedural"}, **section})
    assert caught.value.where == where
