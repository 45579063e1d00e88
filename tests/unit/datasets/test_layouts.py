"""Published layouts and folders of one's own: which scenes, which split, which frames."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from camera_files import frames, radiance, write_burst, write_frame
from layouts import LONG, SHORT, challenge123, hu20, kalantari_deephdr, kalantari_ucsd, ntire21, own, tel23

from hdrpipe.config import plugins
from hdrpipe.errors import InputError
from hdrpipe.stages.prepare import choose_labels


def listing(name, root, **options):
    module = plugins.load("datasets", name)
    return module.listing(module.Options(root=str(root), **options), 0, None)


def names(entries, split):
    return [entry.name for entry in entries if entry.split == split]


@pytest.mark.parametrize(("flat", "tests"), [(True, ["Test-BarbequeDay"]), (False, ["EXTRA", "PAPER"])])
def test_kalantari_as_ucsd_hands_it_out(tmp_path, flat, tests):
    kalantari_ucsd(tmp_path, flat)
    entries = listing("kalantari17", tmp_path)
    assert names(entries, "pool") == [f"Training-{number:03d}" for number in range(1, 5)]
    wanted = tests if flat else [f"Test-{part}-BarbequeDay" for part in tests]
    assert names(entries, "test") == wanted
    assert [entry.ev for entry in entries[:2]] == [SHORT, LONG]
    scene = entries[1].load()
    assert np.abs(scene.burst.ldr - frames(radiance(2), LONG)).max() < 1e-4
    assert np.abs(scene.truth - radiance(2)).max() < 1 / 128
    assert scene.sources == tuple(
        f"Training/002/{n}" for n in ("262A261.tif", "262A262.tif", "262A263.tif", "HDRImg.hdr")
    )
    assert set(scene.digests) == set(scene.sources)


def test_labels_cover_every_kind_of_bracket(tmp_path):
    kalantari_ucsd(tmp_path)
    pool = [entry for entry in listing("kalantari17", tmp_path) if entry.split == "pool"]
    for draw in range(4):
        chosen = choose_labels(pool, 2, draw)
        assert {entry.ev for entry in pool if entry.name in chosen} == {SHORT, LONG}


def test_the_static_pictures_of_deephdr_are_no_frames(tmp_path):
    kalantari_deephdr(tmp_path)
    entries = listing("kalantari17", tmp_path)
    assert Counter(entry.split for entry in entries) == {"pool": 3, "test": 3}
    scene = entries[0].load()
    assert np.abs(scene.burst.ldr - frames(radiance(1), LONG)).max() < 1e-4
    assert scene.sources[-1] == "Training/001/ref_hdr_aligned.hdr"


def test_scenes_know_how_their_frames_were_compressed(tmp_path):
    own(tmp_path)
    loaded = [entry.load() for entry in listing("folder", tmp_path)]
    assert {scene.quality for scene in loaded if scene.name.startswith("more")} == {98}
    assert {scene.quality for scene in loaded if not scene.name.startswith("more")} == {0}


def test_hu_is_split_by_number(tmp_path):
    hu20(tmp_path)
    entries = listing("hu20", tmp_path)
    assert names(entries, "pool") == ["001", "002", "085"]
    assert names(entries, "test") == ["086", "100"]
    scene = entries[0].load()
    assert np.abs(scene.burst.ldr - frames(radiance(1))).max() < 0.6 / 255
    assert scene.truth is not None


def test_takes_of_one_place_are_a_group(tmp_path):
    tel23(tmp_path)
    entries = listing("tel23", tmp_path)
    assert names(entries, "pool") == ["scene_0001_1", "scene_0001_2", "scene_0002_1", "scene_0002_2"]
    assert names(entries, "test") == ["scene_0007_1", "scene_0007_2"]
    assert {entry.load().group for entry in entries if entry.split == "test"} == {"scene_0007"}


def test_challenge123_takes_each_frame_from_a_moment_of_its_own(tmp_path):
    challenge123(tmp_path)
    entries = listing("challenge123", tmp_path)
    assert (names(entries, "pool"), names(entries, "test")) == (["001", "002"], ["097"])
    scene = entries[0].load()
    for index in range(3):
        assert np.abs(scene.burst.ldr[index] - frames(radiance(11 + index))[index]).max() < 1e-4
    assert np.abs(scene.truth - radiance(12)).max() < 1 / 128


def test_all_six_orders_of_the_moments_are_training_scenes(tmp_path):
    challenge123(tmp_path)
    entries = listing("challenge123", tmp_path, all_combinations=True)
    assert Counter(entry.split for entry in entries) == {"pool": 12, "test": 1}
    orders = {entry.name.partition("-")[2] or "123" for entry in entries if entry.split == "pool"}
    assert orders == {"".join(map(str, order)) for order in permutations((1, 2, 3))}
    scene = next(entry for entry in entries if entry.name == "001-213").load()
    for index, moment in enumerate((2, 1, 3)):
        assert np.abs(scene.burst.ldr[index] - frames(radiance(10 + moment))[index]).max() < 1e-4
    assert np.abs(scene.truth - radiance(11)).max() < 1 / 128
    assert scene.group == "001"


def test_ntire_samples_lie_in_one_folder_with_exposures_and_truth_in_numpy_files(tmp_path):
    ntire21(tmp_path)
    entries = listing("ntire21", tmp_path)
    assert names(entries, "pool") == ["train-0000", "train-0001", "train-0002"]
    assert names(entries, "test") == ["test-0000"]
    assert [entry.labelled for entry in entries] == [True, True, False, True]
    scene = entries[1].load()
    assert (scene.burst.ev, scene.exposures) == (SHORT, "exposures.npy")
    assert np.abs(scene.burst.ldr - frames(radiance(61))).max() < 0.6 / 255
    assert np.abs(scene.truth - radiance(61)).max() < 1e-3
    assert "truth in reference" in scene.notes
    assert {"train/0001_exposures.npy", "train/0001_alignratio.npy"} < set(scene.digests)
    unlabelled = entries[2].load()
    assert unlabelled.truth is None
    assert "train/0002_exposures.npy" in unlabelled.digests


def test_ntire_samples_are_chosen_by_pattern_and_those_without_exposures_left_out(tmp_path, caplog):
    ntire21(tmp_path)
    (tmp_path / "train" / "0001_exposures.npy").unlink()
    entries = listing("ntire21", tmp_path, test=["train-0002"], skip=["test-*"])
    assert (names(entries, "pool"), names(entries, "test")) == (["train-0000"], ["train-0002"])
    assert "sample 0001 has no exposures and is left out" in caplog.text


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("exposures", b"nothing", "is no NumPy file with 3 numbers"),
        ("exposures", np.zeros(4), "holds 4 numbers, wanted 3 finite ones"),
        ("exposures", np.array([0.0, np.nan, 1.0]), "wanted 3 finite ones"),
        ("exposures", np.array(["0", "1", "2"]), "other content"),
        ("exposures", np.zeros(2000), "other content"),
        ("alignratio", np.array(-1.0), "is the align ratio -1, wanted a number above 0"),
    ],
)
def test_a_damaged_numpy_file_of_ntire_is_named(tmp_path, file, content, message):
    ntire21(tmp_path)
    path = tmp_path / "train" / f"0000_{file}.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content)
    with pytest.raises(InputError, match=message) as caught:
        listing("ntire21", tmp_path)[0].load()
    assert path.name in str(caught.value)


@pytest.mark.parametrize("name", ["kalantari17", "hu20", "tel23", "challenge123", "ntire21", "folder"])
def test_a_missing_or_empty_folder_is_told_in_one_line(tmp_path, name):
    for root in (tmp_path / "none", tmp_path):
        with pytest.raises(InputError) as caught:
            listing(name, root)
        assert str(root) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_scene_that_lacks_its_truth_is_named(tmp_path):
    kalantari_ucsd(tmp_path)
    (tmp_path / "Training" / "002" / "HDRImg.hdr").unlink()
    with pytest.raises(InputError, match=r"002: is no scene .* no truth"):
        listing("kalantari17", tmp_path)


def test_a_folder_of_ones_own_has_scenes_with_and_without_truth(tmp_path):
    entries = listing("folder", own(tmp_path))
    assert names(entries, "pool") == ["labelled0", "labelled1", *(f"more-burst{k}" for k in range(4))]
    assert names(entries, "test") == ["test-scene0"]
    assert [entry.labelled for entry in entries] == [True, True, False, False, False, False, True]
    labelled, unlabelled = entries[0].load(), entries[2].load()
    assert (labelled.exposures, unlabelled.exposures) == ("exposure.txt", "exif")
    assert unlabelled.truth is None
    assert choose_labels([e for e in entries if e.split == "pool"], "all", 0) == {"labelled0", "labelled1"}


def test_scenes_are_chosen_by_pattern_and_cards_are_grouped(tmp_path):
    own(tmp_path, test=0)
    card = tmp_path / "card"
    card.mkdir()
    for number in range(6):
        ldr = frames(radiance(number // 3, 64, 64))[number % 3]
        exposure = {"seconds": 0.01 * 4 ** (number % 3), "iso": 100, "aperture": 4, "taken": 100 * (number // 3)}
        write_frame(card / f"P{number}.jpg", ldr, **exposure)
    entries = listing("folder", tmp_path, test=["labelled1", "more-burst?"], skip=["card-P0", "more-burst3"])
    assert names(entries, "pool") == ["card-P3", "labelled0"]
    assert names(entries, "test") == ["labelled1", "more-burst0", "more-burst1", "more-burst2"]


def test_a_bad_burst_in_a_folder_is_named(tmp_path):
    own(tmp_path)
    write_burst(tmp_path / "bad")
    (tmp_path / "bad" / "exposure.txt").write_text("0\n1\n")
    with pytest.raises(InputError, match=r"bad/exposure\.txt: has 2 exposure values for 3 pictures"):
        listing("folder", tmp_path)
    entries = listing("folder", tmp_path, skip=["bad"])
    (tmp_path / "labelled0" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(30))
    with pytest.raises(InputError, match=r"scene labelled0: .*2\.png"):
        entries[0].load()


@pytest.mark.parametrize(
    ("name", "pattern"), [("gt.hdr", "gt.hdr"), ("1_label.hdr", "*_label.*"), ("merged.hdr", "m*.hdr")]
)
def test_truth_has_the_name_that_the_options_say(tmp_path, name, pattern):
    write_burst(tmp_path / "a", truth=name)
    assert [one.labelled for one in listing("folder", tmp_path)] == [False]
    (entry,) = listing("folder", tmp_path, truth=[pattern])
    assert entry.labelled
    assert entry.load().truth is not None


def test_test_folders_count_at_any_depth(tmp_path):
    for place in ("set/Training/a", "set/Test/b", "set/Validation/c", "test/d", "e"):
        write_burst(tmp_path / place)
    entries = listing("folder", tmp_path)
    assert names(entries, "test") == ["set-Test-b", "test-d"]
    assert names(entries, "validation") == ["set-Validation-c"]
    assert names(entries, "pool") == ["e", "set-Training-a"]
