"""What every dataset owes: described options, pinned sources, scenes that keep the contract."""

import re
from collections import Counter

import numpy as np
import pytest
from layouts import BUILDERS
from pydantic import ValidationError

from hdrpipe.config import plugins
from hdrpipe.datasets.scenes import DIFFICULTIES, SPLITS
from hdrpipe.errors import InputError

NAMES = plugins.choices("datasets")
RENDERED = [name for name in NAMES if "root" not in plugins.load("datasets", name).Options.model_fields]
LOCAL = [name for name in NAMES if name not in RENDERED]


@pytest.fixture(params=NAMES)
def dataset(request):
    return plugins.load("datasets", request.param)


@pytest.fixture(scope="module")
def made():
    """Scenes of every dataset that needs no archive, at its defaults."""
    modules = {name: plugins.load("datasets", name) for name in RENDERED}
    free = {name: module for name, module in modules.items() if not module.sources(module.Options())}
    return {
        name: (module, [entry.load() for entry in module.listing(module.Options(), 0, None)])
        for name, module in free.items()
    }


def test_options_are_frozen_closed_and_described(dataset):
    options = dataset.Options()
    with pytest.raises(ValidationError, match="frozen"):
        options.size = 1
    with pytest.raises(ValidationError, match="Extra inputs"):
        dataset.Options(no_such_option=1)
    assert all(field.description for field in dataset.Options.model_fields.values())


def test_options_survive_json(dataset):
    options = dataset.Options()
    assert dataset.Options.model_validate_json(options.model_dump_json()) == options


def test_sources_are_pinned(dataset):
    for source in dataset.sources(dataset.Options()):
        assert re.fullmatch(r"[\w.-]+==[\w.]+", source.requirement)
        assert re.fullmatch(r"[0-9a-f]{64}", source.sha256)
        assert source.filename == source.filename.split("/")[-1]
        assert source.licence


def test_missing_archive_is_told_in_one_line(dataset, tmp_path):
    sources = dataset.sources(dataset.Options())
    if not sources:
        pytest.skip("this dataset reads no archive")
    with pytest.raises(InputError) as caught:
        dataset.listing(dataset.Options(), 0, tmp_path)[0].load()
    assert any(str(tmp_path / source.filename) in str(caught.value) for source in sources)
    assert "\n" not in str(caught.value)


def test_some_dataset_renders_without_archives(made):
    assert made


def test_scenes_keep_the_contract(made):
    for _, scenes in made.values():
        assert len({scene.name for scene in scenes}) == len(scenes)
        for scene in scenes:
            assert scene.split in SPLITS
            assert scene.difficulty in DIFFICULTIES
            assert scene.group in scene.sources
            assert scene.truth is not None
            assert scene.truth.shape == scene.burst.ldr.shape[1:]
            assert scene.truth.dtype == np.float32
            assert scene.truth.min() >= 0
            assert scene.truth.max() <= 1


def test_every_split_is_served(made):
    for module, scenes in made.values():
        options = module.Options()
        assert Counter(scene.split for scene in scenes) == {split: getattr(options, split) for split in SPLITS}


def test_no_place_is_on_both_sides(made):
    for _, scenes in made.values():
        test = {name for scene in scenes if scene.split == "test" for name in scene.sources}
        train = {name for scene in scenes if scene.split != "test" for name in scene.sources}
        assert test
        assert not test & train


def test_same_seed_same_bytes(made):
    for module, scenes in made.values():
        again = [entry.load() for entry in module.listing(module.Options(), 0, None)]
        for one, other in zip(scenes, again, strict=True):
            assert one.name == other.name
            assert one.burst.ldr.tobytes() == other.burst.ldr.tobytes()
            assert one.truth.tobytes() == other.truth.tobytes()


def test_another_seed_gives_other_scenes(made):
    for module, scenes in made.values():
        other = module.listing(module.Options(), 1, None)[0].load()
        assert not np.array_equal(other.truth, scenes[0].truth)


def test_truth_agrees_with_the_frames_where_nothing_clips(made):
    """The exposure convention: the reference's radiance is the truth up to noise."""
    for _, scenes in made.values():
        for scene in scenes:
            frame = scene.burst.ldr[scene.burst.reference]
            exposed = (frame > 0.1) & (frame < 0.95)
            error = scene.burst.radiance[scene.burst.reference][exposed] - scene.truth[exposed]
            assert np.abs(error).mean() < 0.01


@pytest.mark.parametrize("name", LOCAL)
def test_scenes_in_folders_keep_the_contract(name, tmp_path):
    """A dataset that lies in a folder owes a builder to `tests/layouts.py`."""
    BUILDERS[name](tmp_path)
    module = plugins.load("datasets", name)
    entries = module.listing(module.Options(root=str(tmp_path)), 0, None)
    assert len({entry.name for entry in entries}) == len(entries)
    assert {"pool", "test"} <= {entry.split for entry in entries} <= set(SPLITS)
    for entry in entries:
        scene = entry.load()
        assert (scene.name, scene.split, scene.burst.ev) == (entry.name, entry.split, entry.ev)
        assert scene.difficulty in DIFFICULTIES
        assert (scene.truth is not None) == entry.labelled
        assert set(scene.digests) == set(scene.sources)
        assert scene.notes == () or all("\n" not in note for note in scene.notes)
        if scene.truth is not None:
            frame = scene.burst.ldr[scene.burst.reference]
            exposed = (frame > 0.2) & (frame < 0.95)
            error = scene.burst.radiance[scene.burst.reference][exposed] - scene.truth[exposed]
            assert np.abs(error).mean() < 0.01
