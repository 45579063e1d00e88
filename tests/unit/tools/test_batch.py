"""Folders of bursts to HDR files, and what one failure does to the others."""

from contextlib import nullcontext

import numpy as np
import OpenEXR
import pytest
from camera_files import frames, radiance, write_burst, write_dng, write_frame
from PIL import Image

from hdrpipe.errors import CapacityError, InputError, UsageError
from hdrpipe.files.pictures.images import read_picture
from hdrpipe.inference.fuse import Settings, silent
from hdrpipe.inference.load import SHIPPED, stored
from hdrpipe.tools.batch import Output, fuse_all, plan

PLAIN = Output()
SETTINGS = Settings(align="none")


def run(bursts, out, output=PLAIN):
    tasks, failed = plan([bursts] if not isinstance(bursts, list) else bursts, out, output)
    return [*failed, *fuse_all(tasks, stored(SHIPPED), SETTINGS, output, lambda name: nullcontext(silent))]


def test_a_folder_becomes_three_files(tmp_path):
    scene = radiance(0)
    folder = write_burst(tmp_path / "shots", scene, truth="HDRImg.hdr")
    (folder / "notes.txt").write_text("hello")
    (outcome,) = run(folder, tmp_path / "out.exr")
    assert [path.name for path in outcome.files] == ["out.exr", "out.png", "out.sigma.png"]
    found, _ = read_picture(tmp_path / "out.exr", 10**6)
    assert np.abs(found - scene).mean() < 0.01
    assert any("ignored 'notes.txt'" in note for note in outcome.notes)
    assert not any("HDRImg" in note for note in outcome.notes)


def test_a_list_of_pictures_is_one_burst(tmp_path):
    folder = write_burst(tmp_path / "shots")
    (outcome,) = run([folder / "3.png", folder / "1.png"], tmp_path / "out.hdr")
    assert outcome.fused.ev == (-2.0, 2.0)
    assert (tmp_path / "out.hdr").exists()


def test_a_folder_of_folders_is_a_batch_and_names_are_told_apart(tmp_path):
    for name in ("b10", "b9", "empty"):
        write_burst(tmp_path / "in" / name) if name != "empty" else (tmp_path / "in" / name).mkdir()
    write_burst(tmp_path / "other" / "b9")
    outcomes = run([tmp_path / "in", tmp_path / "other" / "b9"], tmp_path / "out", Output(suffix=".tif"))
    assert [outcome.files[0].name for outcome in outcomes] == ["b9.tif", "b10.tif", "b9-2.tif"]
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".png"] * 6 + [".tif"] * 3


def test_a_whole_card_stands_for_the_folders_of_its_pictures(tmp_path):
    for name in ("DCIM/100CANON", "DCIM/101CANON", "PRIVATE/M4ROOT/THMBNL"):
        write_burst(tmp_path / "card" / name)
    (tmp_path / "card" / "MISC").mkdir()
    write_burst(tmp_path / "card" / "logo", text=False)
    (tmp_path / "card" / "logo" / "1.png").rename(tmp_path / "card" / "logo.png")  # not one of the camera
    tasks, failed = plan([tmp_path / "card"], tmp_path / "out", PLAIN)
    assert ([task.burst.name for task in tasks], failed) == (["100CANON", "101CANON"], [])


def test_folders_below_pictures_are_named_as_left_out(tmp_path, caplog):
    for name in ("in", "in/door", "in/lamp", "in/.hidden"):
        write_burst(tmp_path / name)
    (tmp_path / "in" / "notes").mkdir()
    tasks, _ = plan([tmp_path / "in"], tmp_path / "out", PLAIN)
    assert [task.burst.name for task in tasks] == ["in"]
    assert "folders below it are left out: 'door', 'lamp'" in caplog.text


@pytest.mark.parametrize("levels", ["places/2025/lamp", "places/lamp"])
def test_bursts_lie_some_levels_below_a_folder_without_pictures(tmp_path, levels):
    write_burst(tmp_path / "in" / levels)
    write_burst(tmp_path / "in" / "door")
    tasks, _ = plan([tmp_path / "in"], tmp_path / "out", PLAIN)
    assert [task.burst.name for task in tasks] == ["door", "lamp"]


@pytest.mark.parametrize(("one", "other"), [("Lamp", "lamp"), ("K\u00fcche", "Ku\u0308che")])
def test_results_are_told_apart_where_a_file_system_takes_two_names_for_one(tmp_path, one, other):
    folders = [write_burst(tmp_path / "a" / one), write_burst(tmp_path / "b" / other)]
    tasks, _ = plan(folders, tmp_path / "out", PLAIN)
    assert [task.target.name for task in tasks] == [f"{one}.exr", f"{other}-2.exr"]


def test_a_folder_that_is_named_twice_is_fused_once(tmp_path):
    folder = write_burst(tmp_path / "b")
    (tmp_path / "link").symlink_to(folder)
    tasks, _ = plan([folder, tmp_path / "b" / ".." / "b", tmp_path / "link"], tmp_path / "out", PLAIN)
    assert [task.burst.name for task in tasks] == ["b"]


def test_results_keep_the_letters_of_their_folders(tmp_path):
    for name in ("Кухня", "客厅", "my room"):
        write_burst(tmp_path / "in" / name)
    tasks, _ = plan([tmp_path / "in"], tmp_path / "out", PLAIN)
    assert sorted(task.target.name for task in tasks) == ["my room.exr", "Кухня.exr", "客厅.exr"]


def test_thumbnails_of_a_file_server_are_no_bursts(tmp_path):
    write_burst(tmp_path / "in" / "room")
    for litter in ("@eaDir/1.png", "@__thumb", "__MACOSX"):
        write_burst(tmp_path / "in" / litter)
        write_burst(tmp_path / "in" / "room" / litter)
    for name in ("Thumbs.db", "._1.png", ".DS_Store"):
        (tmp_path / "in" / "room" / name).write_bytes(b"litter")
    tasks, failed = plan([tmp_path / "in"], tmp_path / "out", PLAIN)
    assert [task.burst.name for task in tasks] == ["room"]
    assert (tasks[0].burst.ignored, failed) == ((), [])


def test_one_bad_burst_does_not_stop_the_others(tmp_path):
    write_burst(tmp_path / "in" / "good")
    bad = write_burst(tmp_path / "in" / "bad")
    (bad / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    short = write_burst(tmp_path / "in" / "short")
    (short / "exposure.txt").write_text("0\n")
    strays = write_burst(tmp_path / "in" / "strays")
    (strays / "2.png").rename(tmp_path / "2.png")
    (strays / "2.png").symlink_to(tmp_path / "2.png")
    (tmp_path / "empty").mkdir()
    outcomes = {outcome.name: outcome for outcome in run([tmp_path / "empty", tmp_path / "in"], tmp_path / "out")}
    assert set(outcomes) == {"bad", "empty", "good", "short", "strays"}
    for name in ("bad", "empty", "short", "strays"):
        assert isinstance(outcomes[name].error, InputError)
    assert "leads out of its folder" in str(outcomes["strays"].error)
    assert outcomes["good"].files[0].exists()


@pytest.mark.parametrize("name", ["../../evil", "/abs"])
def test_names_from_outside_stay_inside(tmp_path, name):
    folder = write_burst(tmp_path / "in")
    (folder / "bursts.csv").write_text(f"burst,file,ev\n{name},1.png,-2\n{name},2.png,0\n")
    with pytest.raises(InputError, match=r"bursts\.csv, row 1: .* is no name for a burst"):
        run(folder, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_the_header_tells_the_anchor_and_the_camera(tmp_path):
    ldr = frames(radiance(1))
    (tmp_path / "in").mkdir()
    for index, frame in enumerate(ldr):
        write_frame(
            tmp_path / "in" / f"{index}.jpg", frame, seconds=0.01 * 4.0**index, iso=200, aperture=4, taken=index
        )
    (low,) = run(tmp_path / "in", tmp_path / "a.exr")
    (high,) = run(tmp_path / "in", tmp_path / "b.exr", Output(anchor="reference", half=False))
    one, other = (OpenEXR.File(str(outcome.files[0]), separate_channels=True) for outcome in (low, high))
    assert one.header()["expTime"] == pytest.approx(0.01, rel=1e-3)
    assert other.header()["expTime"] == pytest.approx(0.04, rel=1e-3)
    assert one.header()["isoSpeed"] == 200
    assert one.header()["hdrpipe.anchor"].startswith("min-ev")
    assert other.header()["hdrpipe.anchor"].startswith("reference")
    reds = [file.channels()["R"].pixels.astype(np.float64) for file in (one, other)]
    assert np.allclose(reds[1], 4 * reds[0], rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("out", "output", "message"),
    [
        ("out.gif", Output(suffix=".gif"), "HDR pictures cannot be written as .gif"),
        ("out.tif", Output(anchor="reference"), "would clip"),
        ("out.dng", Output(anchor="reference"), "would clip"),
        ("out.jpg", Output(anchor="reference"), "is exposed for displays"),
        ("out.exr", Output(anchor="sun"), "unknown anchor"),
        ("in/out.exr", PLAIN, "would lie among the frames"),
    ],
)
def test_impossible_outputs_are_refused_before_any_work(tmp_path, out, output, message):
    folder = write_burst(tmp_path / "in")
    with pytest.raises(UsageError, match=message):
        plan([folder], tmp_path / out, output)


@pytest.mark.parametrize("name", ["out.jpg", "out.avif"])
def test_a_missing_library_is_named_before_any_work(tmp_path, monkeypatch, name):
    folder = write_burst(tmp_path / "in")
    monkeypatch.setattr("hdrpipe.files.pictures.displays.find_spec", lambda library: None)
    with pytest.raises(UsageError, match=r"written by imagecodecs.*pip install 'hdrpipe\[display\]'"):
        plan([folder], tmp_path / name, PLAIN)


def test_a_size_that_a_format_cannot_hold_is_refused_before_any_work(tmp_path, monkeypatch):
    pytest.importorskip("imagecodecs", reason="JPEGs with a gain map are written by imagecodecs")
    monkeypatch.setattr("hdrpipe.tools.batch.fuse_levels", None)
    write_burst(tmp_path / "in", radiance(height=6, width=9))
    (outcome,) = run(tmp_path / "in", tmp_path / "out.jpg")
    assert "sides of 8 to 8192 pixels, not 9 x 6" in str(outcome.error)


def test_several_bursts_do_not_fit_into_one_file(tmp_path):
    for name in "ab":
        write_burst(tmp_path / "in" / name)
    with pytest.raises(UsageError, match="2 bursts were found, which need as many files"):
        plan([tmp_path / "in"], tmp_path / "x.exr", Output())
    with pytest.raises(UsageError, match="mixed"):
        plan([tmp_path / "in", tmp_path / "in" / "a" / "1.png"], tmp_path / "x", Output())
    (tmp_path / "void").mkdir()
    with pytest.raises(InputError, match="holds no pictures"):
        plan([tmp_path / "void"], tmp_path / "x", Output())


def test_a_burst_beyond_the_budget_is_refused_before_it_is_decoded(tmp_path, monkeypatch):
    folder = write_burst(tmp_path / "in", radiance(0, 500, 700))
    tasks, _ = plan([folder], tmp_path / "out.exr", Output())
    monkeypatch.setattr("hdrpipe.tools.batch.read_burst", lambda *_: pytest.fail("it was decoded"))
    (outcome,) = fuse_all(tasks, stored(SHIPPED), Settings(memory=0.01), Output(), lambda name: nullcontext(silent))
    assert isinstance(outcome.error, CapacityError)
    assert "--memory" in str(outcome.error)


def test_raw_frames_take_the_white_balance_of_the_reference_asked_for(tmp_path):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    folder = tmp_path / "shots"
    folder.mkdir()
    scene = np.kron(np.random.default_rng(0).random((3, 12, 16)) * 0.2 + 0.02, np.ones((8, 8)))
    for index, seconds in enumerate((0.01, 0.04, 0.16)):
        write_dng(folder / f"{index}.dng", scene * seconds / 0.02, seconds=seconds, neutral=(0.4 + 0.2 * index, 1, 1))
    red = []
    for asked in (0, 2):
        settings = Settings(align="none", reference=asked)
        tasks, _ = plan([folder], tmp_path / f"{asked}.exr", PLAIN)
        (outcome,) = fuse_all(tasks, stored(SHIPPED), settings, PLAIN, lambda name: nullcontext(silent))
        red.append(float(np.median(outcome.fused.radiance[0])))
    assert red[0] > 1.2 * red[1]


def test_colours_of_another_space_come_out_in_srgb(tmp_path):
    """Pictures whose EXIF says Adobe RGB; a channel that clips in the longer frames mixes into no other."""
    to_srgb = np.array([[1.398, -0.398, 0.0], [0.0, 1.0, 0.0], [0.0, -0.043, 1.043]])  # linear, as Adobe tells it
    scene = np.maximum(np.einsum("ij,jhw->ihw", np.linalg.inv(to_srgb), radiance(0) * 0.5 + 0.2), 0)
    folder = tmp_path / "in"
    folder.mkdir()
    for index, ldr in enumerate(frames(scene, (0.0, 2.0, 4.0))):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0xA001] = 2
        picture = Image.fromarray(np.rint(ldr.transpose(1, 2, 0) * 255).astype(np.uint8))
        picture.save(folder / f"{index}.jpg", quality=100, subsampling=0, exif=exif)
    (folder / "exposure.txt").write_text("0\n2\n4\n")
    (outcome,) = run(folder, tmp_path / "out.exr")
    assert np.abs(outcome.fused.radiance - (radiance(0) * 0.5 + 0.2)).mean() < 0.01
