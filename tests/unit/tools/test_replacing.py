"""No result replaces an input or a stranger's file, and no result becomes a frame of the next run."""

import os
from contextlib import nullcontext

import cv2
import numpy as np
import pytest
from camera_files import write_burst, write_radiance

from hdrpipe.errors import UsageError
from hdrpipe.inference.fuse import Settings, silent
from hdrpipe.inference.load import SHIPPED, stored
from hdrpipe.tools.batch import Output, fuse_all, plan

CLASSICAL = Output(sigma=False)
FORCED = Output(force=True)


def pictures(folder, *names):
    return [folder / name for name in names or ("1.png", "2.png", "3.png")]


def fuse(bursts, out, output=CLASSICAL):
    tasks, failed = plan(bursts, out, output)
    network, method = (stored(SHIPPED), None) if output.sigma else (None, "rejecting")
    outcomes = list(
        fuse_all(tasks, network, Settings(align="none", method=method), output, lambda name: nullcontext(silent))
    )
    assert not [outcome.error for outcome in [*failed, *outcomes] if outcome.error]
    return outcomes


@pytest.mark.parametrize("output", [Output(), FORCED])
@pytest.mark.parametrize(
    ("out", "name", "suffix"),
    [("2.exr", "{}", "png"), ("2.tif", "{}", "tif"), ("2.exr", "{}.sigma", "png"), ("2.sigma.hdr", "{}.sigma", "png")],
)
def test_no_file_of_the_result_replaces_a_frame(tmp_path, output, out, name, suffix):
    folder = write_burst(tmp_path / "in", suffix=suffix, name=name)
    frames = [path for path in folder.iterdir() if path.name != "exposure.txt"]
    with pytest.raises(UsageError, match="this input would be replaced"):
        plan(frames, folder / out, output)


def test_no_result_replaces_an_input_by_another_name(tmp_path):
    folder = write_burst(tmp_path / "in", truth="HDRImg.exr")
    os.link(folder / "1.png", folder / "linked.png")
    (folder / "soft.png").symlink_to(folder / "2.png")
    (tmp_path / "door").symlink_to(folder)
    for out in (folder / "linked.exr", folder / "soft.exr", tmp_path / "door" / "3.exr", folder / "HDRImg.exr"):
        with pytest.raises(UsageError, match="this input would be replaced"):
            plan(pictures(folder), out, FORCED)


def test_no_result_replaces_an_input_of_another_burst(tmp_path):
    one, other = (write_burst(tmp_path / "in" / name, suffix="tif") for name in "ab")
    (one / "bursts.csv").write_text("burst,file,ev\n2,1.tif,0\n2,2.tif,2\n")
    (one / "exposure.txt").unlink()
    with pytest.raises(UsageError):
        plan([one, other], other, Output(suffix=".tif", force=True))


@pytest.mark.parametrize("name", ["x.exr", "x.png", "x.sigma.png"])
@pytest.mark.parametrize("content", [b"mine", b""])
def test_a_file_that_fuse_did_not_write_stays_unless_forced(tmp_path, name, content):
    folder = write_burst(tmp_path / "in")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=r"was not written by `fuse`.*--force"):
        plan([folder], tmp_path / "x.exr", Output())
    assert len(plan([folder], tmp_path / "x.exr", FORCED)[0]) == 1
    assert (tmp_path / name).read_bytes() == content


def test_a_classical_merge_leaves_a_heat_map_alone_which_it_does_not_write(tmp_path):
    folder = write_burst(tmp_path / "in")
    (tmp_path / "x.sigma.png").write_bytes(b"mine")
    fuse([folder], tmp_path / "x.exr")
    assert (tmp_path / "x.sigma.png").read_bytes() == b"mine"


def test_a_folder_is_not_replaced(tmp_path):
    folder = write_burst(tmp_path / "in")
    (tmp_path / "x.png").mkdir()
    with pytest.raises(UsageError, match="is a folder"):
        plan([folder], tmp_path / "x.exr", FORCED)


@pytest.mark.parametrize("suffix", [".exr", ".hdr", ".tif", ".dng", ".jpg", ".avif"])
def test_results_are_made_anew_and_never_frames(tmp_path, suffix):
    folder = write_burst(tmp_path / "in")
    (first,) = fuse(pictures(folder), folder / f"fused{suffix}", Output())
    assert {path.parent for path in first.files} == {folder}
    (again,) = fuse([*pictures(folder), *first.files], folder / f"fused{suffix}", Output())
    assert again.files == first.files
    (whole,) = fuse([folder], tmp_path / "whole.exr")
    assert whole.fused.ev == (-2.0, 0.0, 2.0)


def test_a_folder_of_results_among_the_bursts_is_no_burst(tmp_path):
    for name in "ab":
        write_burst(tmp_path / "in" / name, suffix="tif")
    for _ in range(2):
        outcomes = fuse([tmp_path / "in"], tmp_path / "in" / "fused", Output(suffix=".tif"))
        assert [outcome.name for outcome in outcomes] == ["a", "b"]


def test_two_bursts_share_no_file(tmp_path):
    for name in ("a", "a.sigma"):
        write_burst(tmp_path / "in" / name)
    outcomes = fuse([tmp_path / "in"], tmp_path / "out", Output())
    files = [path.name for outcome in outcomes for path in outcome.files]
    assert len(set(files)) == len(files) == 6


def test_a_picture_that_another_program_made_of_a_result_is_a_strangers(tmp_path):
    folder = write_burst(tmp_path / "in")
    fuse([folder], tmp_path / "x.exr")
    cv2.imwrite(str(tmp_path / "x.png"), np.zeros((8, 8, 3), np.uint8))
    write_radiance(tmp_path / "x.exr", np.zeros((3, 8, 8), np.float32))
    with pytest.raises(UsageError, match="was not written by `fuse`"):
        fuse([folder], tmp_path / "x.exr")
