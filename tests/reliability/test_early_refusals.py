"""R34: what data or config make impossible is told by the config or by `prepare`, before any training."""

import json
import logging

import numpy as np
import pytest
from camera_files import radiance, write_burst, write_radiance
from layouts import own

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.config.runs import crops, members, single
from hdrpipe.datasets.bursts import find_burst
from hdrpipe.datasets.reading import excess, read_burst
from hdrpipe.errors import Exit, HdrpipeError, InputError, UsageError
from hdrpipe.evaluation.metrics import psnr_l
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.stages.job import Job
from hdrpipe.stages.prepare import prepare
from hdrpipe.tools.check import check, table

SIDES = {"labelled": 64, "unlabelled": 64}


def prepared(root, out, sides, **data):
    """Run `prepare` on a folder of bursts; returns the folder of the products."""
    out.mkdir()
    (out / "sources.json").write_text("[]")
    options = {"root": str(root), **data.pop("options", {})}
    text = stage_spec(
        check_config({"data": {"dataset": "folder", "labelled": "all", "options": options, **data}}), "prepare"
    )
    prepare(parse_spec("prepare", text), out, out / "sources.json", out, Job("prepare", text), sides)
    return out


def test_a_pool_without_unlabelled_scenes_is_told(tmp_path, count):
    own(tmp_path / "data", labelled=2, unlabelled=0)
    with pytest.raises(UsageError, match=r"data\.labelled: all 2 training scenes are labelled.*unlabelled_batch: 0"):
        prepared(tmp_path / "data", tmp_path / "out", SIDES)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["sources.json"]
    prepared(tmp_path / "data", tmp_path / "alone", {"labelled": 64, "unlabelled": 0})  # labels alone
    prepared(tmp_path / "data", tmp_path / "named", SIDES, labelled=["labelled0"])
    count("R34", 3)


@pytest.mark.parametrize(("split", "name"), [("unlabelled", "more-burst1"), ("labelled", "labelled1"), ("test", "")])
def test_a_scene_smaller_than_a_crop_is_told(tmp_path, split, name, count):
    """Test scenes may have any size."""
    own(tmp_path / "data", labelled=2, unlabelled=2)
    small = {"unlabelled": "more/burst1", "labelled": "labelled1", "test": "test/scene0"}[split]
    for path in (tmp_path / "data" / small).iterdir():
        path.unlink()
    truth = None if split == "unlabelled" else "HDRImg.hdr"
    write_burst(tmp_path / "data" / small, radiance(3, 40, 80), truth=truth)
    if split == "test":
        prepared(tmp_path / "data", tmp_path / "out", SIDES)
    else:
        with pytest.raises(InputError, match=rf"scene {name}: has 80 x 40 pixels, .* 64; .*skip"):
            prepared(tmp_path / "data", tmp_path / "out", SIDES)
    sides = {"labelled": 64, "unlabelled": 64, split: 40}
    with open_product(prepared(tmp_path / "data", tmp_path / "fits", sides) / f"{split}-00.h5", "scenes") as product:
        assert len(product.scenes) == {"unlabelled": 2, "labelled": 2, "test": 1}[split]
    count("R34", 2)


def test_scenes_of_unequal_brackets_are_told(tmp_path, count):
    own(tmp_path / "data")
    write_burst(tmp_path / "data" / "two", ev=(-2.0, 2.0))
    with pytest.raises(InputError, match=r"'two' has 2 exposures, most scenes have 3.*skip"):
        prepared(tmp_path / "data", tmp_path / "out", SIDES)
    count("R34")


@pytest.mark.parametrize("ev", [(-2.0, 0.0, 2.0), (-3.0, 0.0, 3.0), (0.0, 1.0), (-4.0, -2.0, 0.0, 2.0, 4.0)], ids=str)
def test_exposure_values_of_the_wrong_sign_are_told(tmp_path, ev, count):
    write_burst(tmp_path / "burst", ev=ev)
    read_burst(find_burst(tmp_path / "burst"))
    (tmp_path / "burst" / "exposure.txt").write_text("".join(f"{-value}\n" for value in ev))
    with pytest.raises(InputError, match=r"burst: exposure values of the wrong sign: .*reverse their signs"):
        read_burst(find_burst(tmp_path / "burst"))
    assert "wrong sign" in table(check(tmp_path, lambda *_: None))
    count("R34")


def test_one_wrong_value_is_no_wrong_sign(tmp_path, count):
    write_burst(tmp_path / "burst")
    (tmp_path / "burst" / "exposure.txt").write_text("0\n-1\n2\n")
    assert any("the pictures say" in note for note in read_burst(find_burst(tmp_path / "burst")).notes)
    count("R34")


def test_a_truth_far_beyond_one_is_told(tmp_path, caplog, count):
    """The remark names the best score that any prediction in [0, 1] can get."""
    own(tmp_path / "data")
    bright = radiance(0, 64, 64)
    bright[:, :10] *= 500.0
    write_burst(tmp_path / "data" / "labelled0", np.minimum(bright, 1.0))
    write_radiance(tmp_path / "data" / "labelled0" / "HDRImg.exr", bright)
    (tmp_path / "data" / "labelled0" / "HDRImg.hdr").unlink()
    with caplog.at_level(logging.INFO, "hdrpipe"):
        out = prepared(tmp_path / "data", tmp_path / "out", SIDES, options={"truth_scale": "min-ev"})
    with open_product(out / "labelled-truth-00.h5", "truth") as product:
        truth = product.read("labelled0", "radiance")
    best = psnr_l(truth.clip(0.0, 1.0), truth)
    assert f"none scores more than {best:.1f} dB PSNR-l" in caplog.text
    with open_product(out / "labelled-00.h5", "scenes") as product:
        notes = json.loads(product.scene_attributes("labelled0")["notes"])
    assert any("dB PSNR-l" in note for note in notes)
    assert excess(radiance()) == ""
    count("R34")


def test_linked_folders_are_told(tmp_path, caplog, count):
    own(tmp_path / "data")
    write_burst(tmp_path / "elsewhere")
    for name in ("linked", ".hidden", "@eaDir"):
        (tmp_path / "data" / name).symlink_to(tmp_path / "elsewhere")
    with caplog.at_level(logging.WARNING, "hdrpipe"):
        prepared(tmp_path / "data", tmp_path / "out", SIDES)
    assert "links to folders are not entered: linked" in caplog.text
    assert "hidden" not in caplog.text
    assert "linked: is a link to a folder, which is not entered" in table(check(tmp_path / "data", lambda *_: None))
    count("R34")


@pytest.mark.parametrize("name", ["@eaDir", ".@__thumb", "@__thumb", "__MACOSX", ".thumbnails"])
def test_thumbnails_of_a_file_server_are_no_scenes(tmp_path, name, count):
    own(tmp_path / "data")
    for folder in (tmp_path / "data" / "more" / "burst0", tmp_path / "data"):
        write_burst(folder / name, radiance(9, 16, 16), bits=8, suffix="jpg")
    out = prepared(tmp_path / "data", tmp_path / "out", SIDES)
    names = json.loads((out / "manifest-00.json").read_text())["splits"]
    assert sum(map(len, names.values())) == 7
    count("R34")


RENDERED = {"dataset": "procedural", "labelled": 2, "options": {"pool": 6, "size": 64}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": {**RENDERED, "labelled": "all"}}, r"data\.labelled: all 6 scenes"),
        ({"data": {**RENDERED, "labelled": 6}}, r"data\.labelled: all 6 scenes"),
        ({"data": RENDERED, "warmup": {"crop": 96}}, r"warmup\.crop: crops of 96 pixels"),
        ({"data": RENDERED, "student": {"crop": 72}}, r"student\.crop: crops of 72 pixels"),
    ],
    ids=["all", "6", "warmup", "student"],
)
def test_the_config_tells_what_it_knows(change, words, count):
    with pytest.raises(HdrpipeError, match=words) as caught:
        check_config(change)
    assert caught.value.code == Exit.USAGE
    check_config({"data": {**RENDERED, "labelled": "all"}, "student": {"unlabelled_batch": 0}})
    count("R34")


def test_crops_are_the_largest_of_all_runs_on_the_scenes():
    one = single(check_config({"run": "a", "warmup": {"crop": 96}, "student": {"unlabelled_batch": 0}}))
    other = single(check_config({"run": "b", "student": {"crop": 128}}))
    assert crops([one, other], "a") == (96, 0)
    assert crops([one, other], "b") == (128, 128)


def test_all_scenes_may_be_labelled_in_an_arm_of_a_study_without_students():
    arms = {"base": {}, "full": {"data": {"labelled": "all"}, "student": {"unlabelled_batch": 0}}}
    study = {"arms": arms, "core": {"arms": list(arms), "pairs": [[0, 0]]}, "against": ["base"]}
    runs = members(check_config({"data": RENDERED, "warmup": {"crop": 32}, "student": {"crop": 32}, "study": study}))
    sides = {member.config.data.labelled: crops(runs.values(), member.scenes) for member in runs.values()}
    assert sides == {2: (32, 32), "all": (32, 0)}
