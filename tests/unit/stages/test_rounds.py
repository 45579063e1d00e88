"""Two rounds of all stages: no truth leaks into them, and the right teacher labels."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_rounds import DATA, make_rounds, stage

from hdrpipe.datasets import procedural
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.inference.load import stored
from hdrpipe.inference.tiles import predict
from hdrpipe.stages.inputs import relative_times
from hdrpipe.stages.masks import MaskInputs, masks
from hdrpipe.stages.prepare import choose_labels

TRUTHS = {f"scenes/{split}-truth-00.h5" for split in ("unlabelled", "validation", "test")}
"""The files that hold the truth of scenes that are not labelled."""


def noisy(listing):
    """The listing of a dataset with noise in the place of every truth but that of the labelled scenes."""

    def changed(options, seed, cache):
        entries = listing(options, seed, cache)
        labelled = choose_labels([entry for entry in entries if entry.split == "pool"], DATA["labelled"], 0)
        return [
            entry if entry.name in labelled else replace(entry, load=lambda e=entry: loaded(e)) for entry in entries
        ]

    def loaded(entry):
        scene = entry.load()
        return replace(
            scene, truth=np.random.default_rng(sum(entry.name.encode())).random(scene.truth.shape, np.float32)
        )

    return changed


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two rounds with the truths as they are, and with noise in their place."""
    folders = [make_rounds(tmp_path_factory.mktemp("plain"))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(procedural, "listing", noisy(procedural.listing))
        folders.append(make_rounds(tmp_path_factory.mktemp("noisy")))
    return folders


def contents(folder):
    """Content hash of every output by its name, and those of the inputs that it records."""
    sidecars = {path.relative_to(folder).as_posix().removesuffix(".json"): path for path in folder.rglob("*.*.json")}
    recorded = {name: json.loads(path.read_text()) for name, path in sidecars.items()}
    return {name: (record["content_hash"], record["inputs"]) for name, record in recorded.items()}


def test_noise_in_place_of_the_truth_of_unlabelled_scenes_changes_no_other_file(runs):
    """Leak canary."""
    plain, changed = map(contents, runs)
    assert set(plain) == set(changed)
    assert {name for name in plain if plain[name] != changed[name]} == TRUTHS
    stages = {"round-00/matched-00.h5", "round-02/masks.json", "round-02/student.safetensors", "round-02/history.csv"}
    assert stages < set(plain)


def test_masks_from_the_truth_do_change(runs, tmp_path):
    """The canary can sing: the oracle, which is given these truths, makes other masks."""
    weights = []
    spec, job = stage("masks", masks={"strategy": "oracle"})
    for number, folder in enumerate(runs):
        here, out = folder / "round-01", tmp_path / str(number)
        out.mkdir()
        truths = [folder / "scenes" / f"{split}-truth-00.h5" for split in ("labelled", "unlabelled")]
        files = MaskInputs([here / "uncertainty-00.h5"], here / "labelled.h5", truths[:1], kept_truths=truths[1:])
        masks(spec, files, out, out / "masks.json", job)
        with open_product(out / "masks-00.h5", "masks") as product:
            weights.append(np.stack([product.read(scene, "weight") for scene in product.scenes]))
    assert (weights[0] != weights[1]).mean() > 0.1


def predictions(folder, weights):
    """Radiance and sigma of every unlabelled scene, by the network of a file; the radiance as products store it."""
    net = stored(folder / weights).net
    with open_product(folder / "scenes" / "unlabelled-00.h5", "scenes") as product:
        for scene in product.scenes:
            frames, times = product.read(scene, "aligned"), relative_times(product.scene_attributes(scene)["ev"])
            radiance, sigma = predict(net, frames, times)
            yield scene, radiance.astype(np.float16), sigma


@pytest.mark.parametrize("round_", [1, 2])
def test_the_teacher_of_the_round_before_labels_bit_for_bit(runs, round_):
    folder = runs[0]
    with open_product(folder / f"round-{round_:02d}" / "uncertainty-00.h5", "uncertainty") as labels:
        for scene, radiance, sigma in predictions(folder, f"round-{round_ - 1:02d}/teacher.safetensors"):
            assert np.array_equal(labels.read(scene, "pseudo_label"), radiance)
            assert labels.read(scene, "sigma") == pytest.approx(sigma, rel=2.0**-11)  # low bits are rounded away
        assert (
            contents(folder)[f"round-{round_:02d}/student.safetensors"][1]["uncertainty-00.h5"] == labels.content_hash
        )


def test_other_networks_would_label_otherwise(runs):
    """From round 2 on: the student of the round before, and the teacher of the round itself."""
    folder = runs[0]
    with open_product(folder / "round-02" / "uncertainty-00.h5", "uncertainty") as labels:
        for other in ("round-01/student", "round-02/teacher", "round-00/teacher"):
            for scene, radiance, sigma in predictions(folder, f"{other}.safetensors"):
                assert not np.array_equal(labels.read(scene, "pseudo_label"), radiance)
                assert labels.read(scene, "sigma") != pytest.approx(sigma, rel=2.0**-8)
