"""Which files are a burst, and what their exposures are."""

from pathlib import Path

import numpy as np
import pytest
from camera_files import frames, radiance, write_burst, write_dng, write_frame

from hdrpipe.datasets.bursts import find_burst, find_bursts, guess
from hdrpipe.datasets.grouping import copies
from hdrpipe.datasets.reading import read_burst
from hdrpipe.errors import InputError
from hdrpipe.files.pictures.decoder import PictureHeader
from hdrpipe.files.pictures.metadata import CameraData


def names(paths):
    return [path.name for path in paths]


def cards(folder, starts, ev=(0, -2, 2), **more):
    """A card of brackets, one a start time in seconds, numbered as a camera numbers."""
    folder.mkdir()
    number = 8
    for start in starts:
        for index, value in enumerate(ev):
            path = folder / f"IMG_{number}.jpg"
            ldr = frames(radiance(int(start)), sorted(ev))[sorted(ev).index(value)]
            write_frame(path, ldr, seconds=0.01 * 2.0**value, iso=100, aperture=4, taken=start + 0.5 * index, **more)
            number += 1
    return folder


def test_frames_stand_in_natural_order_and_truth_is_never_a_frame(tmp_path):
    folder = write_burst(tmp_path / "b", name="img{}", truth="HDRImg.hdr")
    for name in ("img10.png", "ref_hdr_aligned.tif", "notes.md", "old.exr", ".hidden.png"):
        (folder / name).write_bytes((folder / "img1.png").read_bytes())
    (folder / "exposure.txt").write_text("-2\n0\n2\n4\n")
    found = find_burst(folder)
    assert names(found.frames) == ["img1.png", "img2.png", "img3.png", "img10.png"]
    assert (found.ev, found.source, found.truth.name) == ((-2, 0, 2, 4), "exposure.txt", "HDRImg.hdr")
    assert set(names(found.ignored)) == {"ref_hdr_aligned.tif", "notes.md", "old.exr", ".hidden.png"}


def test_frames_in_any_order_become_ascending(tmp_path):
    folder = write_burst(tmp_path / "b", ev=(2.0, 0.0, -2.0))
    found = find_burst(folder)
    assert names(found.frames) == ["3.png", "2.png", "1.png"]
    assert found.ev == (-2, 0, 2)


def test_exif_tells_the_exposure_if_no_file_does(tmp_path):
    found = find_burst(cards(tmp_path / "b", [0]))
    assert found.source == "exif"
    assert np.diff(found.ev) == pytest.approx([2, 2], abs=0.01)
    assert names(found.frames) == ["IMG_9.jpg", "IMG_8.jpg", "IMG_10.jpg"]


def test_a_missing_aperture_is_taken_to_be_constant_and_said(tmp_path):
    folder = tmp_path / "b"
    folder.mkdir()
    for index, ldr in enumerate(frames(radiance())):
        write_frame(folder / f"{index}.jpg", ldr, seconds=0.01 * 4**index, iso=100)
    assert "aperture" in find_burst(folder).notes[0]


def test_without_any_word_the_exposure_is_estimated_and_said(tmp_path):
    found = find_burst(write_burst(tmp_path / "b", text=False))
    assert found.source == "estimate"
    assert np.diff(found.ev) == pytest.approx([2, 2], abs=0.1)
    assert "estimated" in found.notes[0]


def test_a_table_goes_before_everything(tmp_path):
    folder = write_burst(tmp_path / "b")
    (folder / "exposure.txt").write_text("nonsense")
    (folder / "bursts.csv").write_text("file,seconds\n1.png,1/400\n2.png,0.01\n3.png,0.04\n")
    found = find_burst(folder)
    assert found.source == "table"
    assert np.diff(found.ev) == pytest.approx([2, 2])


def test_a_table_that_tells_half_of_the_exposures_is_refused(tmp_path):
    folder = write_burst(tmp_path / "b")
    (folder / "bursts.csv").write_text("file,ev\n1.png,-2\n2.png,\n")
    with pytest.raises(InputError, match="some frames of 'b', not for all"):
        find_burst(folder)


def test_a_table_in_yaml(tmp_path):
    folder = write_burst(tmp_path / "b", text=False)
    (folder / "bursts.yaml").write_text("- {file: 3.png, ev: 2}\n- {file: 1.png, ev: -2}\n")
    found = find_burst(folder)
    assert (names(found.frames), found.ev) == (["1.png", "3.png"], (-2, 2))
    assert names(found.ignored) == ["2.png"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,ev\n../1.png,0\n", "inside this folder"),
        ("file,ev\n1.png,nan\n", "not finite"),
        ("file,seconds\n1.png,0\n2.png,1\n", "not positive"),
        ("file,seconds\n1.png,1/0\n2.png,1\n", "no number"),
        ("file,ev\n1.png,0\n2.png,0\n", "same exposure"),
        ("file,ev\n1.png,0\n1.png,2\n", "twice"),
        ("file,time\n1.png,0\n", "unknown column"),
        ("file,ev\nnone.png,0\n", "no such file"),
        ("", "no burst"),
    ],
)
def test_a_wrong_table_is_told_in_one_line(tmp_path, text, words):
    folder = write_burst(tmp_path / "b")
    (folder / "bursts.csv").write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        find_burst(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["0\n2\n", "0\n2\nnan\n", "0\n2\n2\n", "a\nb\nc\n", "", "0\n2\ninf\n"])
def test_a_wrong_list_of_exposures_is_told_in_one_line(tmp_path, text):
    folder = write_burst(tmp_path / "b")
    (folder / "exposure.txt").write_text(text)
    with pytest.raises(InputError) as caught:
        find_burst(folder)
    assert "\n" not in str(caught.value)


def test_a_card_is_grouped_by_time_and_exposure(tmp_path):
    folder = cards(tmp_path / "card", [0, 60, 61.5, 200])  # the third bracket follows the second without a pause
    write_frame(folder / "IMG_99.jpg", frames(radiance())[1], seconds=0.01, iso=100, aperture=4, taken=900)
    bursts = find_bursts(folder)
    assert [names(sorted(b.frames)) for b in bursts] == [
        ["IMG_10.jpg", "IMG_8.jpg", "IMG_9.jpg"],
        ["IMG_11.jpg", "IMG_12.jpg", "IMG_13.jpg"],
        ["IMG_14.jpg", "IMG_15.jpg", "IMG_16.jpg"],
        ["IMG_17.jpg", "IMG_18.jpg", "IMG_19.jpg"],
    ]
    assert [burst.name for burst in bursts] == ["IMG_8", "IMG_11", "IMG_14", "IMG_17"]
    assert names(bursts[0].ignored) == ["IMG_99.jpg"]
    with pytest.raises(InputError, match="4 bursts"):
        find_burst(folder)


def test_a_grouping_is_fixed_by_a_table(tmp_path):
    folder = cards(tmp_path / "card", [0, 60])
    (folder / "bursts.csv").write_text("burst,file\nx,IMG_8.jpg\nx,IMG_9.jpg\ny,IMG_11.jpg\ny,IMG_13.jpg\n")
    bursts = find_bursts(folder)
    assert [(b.name, names(b.frames), b.source) for b in bursts] == [
        ("x", ["IMG_9.jpg", "IMG_8.jpg"], "exif"),
        ("y", ["IMG_11.jpg", "IMG_13.jpg"], "exif"),
    ]


def test_a_list_of_pictures_is_a_burst(tmp_path):
    folder = write_burst(tmp_path / "b", ev=(-4.0, -2.0, 0.0, 2.0))
    found = find_burst([folder / "4.png", folder / "2.png", folder / "exposure.txt"])
    assert (names(found.frames), found.ev, names(found.ignored)) == (["2.png", "4.png"], (-2, 2), ["exposure.txt"])


@pytest.mark.parametrize("listed", [(8, 9, 10), (8, 9)])
def test_a_table_counts_for_a_list_of_its_pictures_too(tmp_path, listed):
    folder = cards(tmp_path / "card", [0])
    rows = [f"x,IMG_{number}.jpg,{number - 8}\n" for number in listed]
    (folder / "bursts.csv").write_text("burst,file,ev\n" + "".join(rows))
    found = find_burst([folder / f"IMG_{number}.jpg" for number in (8, 9, 10)])
    assert (found.source, found.ev) == (("table", (0.0, 1.0, 2.0)) if len(listed) == 3 else ("exif", found.ev))


def test_a_folder_without_pictures_or_with_one_is_told(tmp_path):
    (tmp_path / "none").mkdir()
    for path in (tmp_path / "none", tmp_path / "missing"):
        with pytest.raises(InputError):
            find_burst(path)
    one = write_burst(tmp_path / "one", ev=(0.0,))
    with pytest.raises(InputError, match="has 1 picture"):
        find_burst(one)


def test_a_jpeg_beside_its_raw_picture_is_passed_over(tmp_path):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    scene = np.kron(np.random.default_rng(0).random((3, 12, 16)) * 0.2 + 0.02, np.ones((8, 8)))
    for index, seconds in enumerate((0.01, 0.04, 0.16)):
        write_dng(tmp_path / f"{index}.dng", scene * seconds / 0.02, seconds=seconds, neutral=(0.4 + 0.1 * index, 1, 1))
        write_frame(tmp_path / f"{index}.jpg", frames(radiance())[1])
    found = find_burst(tmp_path)
    assert [path.suffix for path in found.frames] == [".dng"] * 3
    read = read_burst(found)
    assert read.samples.dtype == np.uint16
    linear = (read.samples / 65535.0) ** 2.2
    # one white balance for all three: the red of the first frame is not that of its own neutral
    usable = (linear[0] > 0.01) & (linear[1] < 0.9)
    ratio = np.array([np.median(linear[1][c][usable[c]] / linear[0][c][usable[c]]) for c in range(3)])
    assert ratio == pytest.approx(4.0, rel=0.03)


@pytest.mark.parametrize("suffix", [".jfif", ".JPE", ".jif", ".picture", ""])
def test_jpegs_of_other_endings_are_frames(tmp_path, suffix):
    folder = write_burst(tmp_path / "b", suffix="jpg", bits=8)
    for path in folder.glob("*.jpg"):
        path.rename(path.with_suffix(suffix))
    (folder / "notes").write_text("of the day")
    found = find_burst(folder)
    assert [path.name for path in found.frames] == [f"{number}{suffix}" for number in (1, 2, 3)]
    assert find_burst(sorted(folder.iterdir())).frames == found.frames
    assert read_burst(found).samples.shape == (3, 3, 48, 64)


def test_the_content_of_a_file_counts_only_where_no_ending_tells(tmp_path):
    folder = write_burst(tmp_path / "b")
    write_frame(folder / "1.thm.jpg", frames(radiance())[0]).rename(folder / "1.thm")
    found = find_burst(folder)
    assert len(found.frames) == 3
    assert folder / "1.thm" in found.ignored


def shots(folder, series, **more):
    """Pictures of one scene, each a mapping of name, seconds and what else EXIF tells."""
    folder.mkdir(exist_ok=True)
    scene = radiance(3)
    for name, seconds, told in series:
        ldr = frames(scene * 0.25, (0.0, float(np.log2(seconds)) + 12))[1]
        write_frame(folder / name, ldr, seconds=seconds, iso=100, aperture=8, **{**more, **told})
    return folder


def groups(folder):
    return sorted(sorted(names(burst.frames)) for burst in find_bursts(folder))


def test_brackets_are_told_apart_by_their_bias_where_the_metering_drifts(tmp_path):
    series = [
        (f"{3 * k + i}.jpg", 2.0**bias / 500 * 4**k, {"taken": 0.4 * (3 * k + i), "bias": bias, "mode": 2})
        for k in range(2)
        for i, bias in enumerate((0, -2, 2))
    ]
    assert groups(shots(tmp_path / "card", series)) == [["0.jpg", "1.jpg", "2.jpg"], ["3.jpg", "4.jpg", "5.jpg"]]


def test_a_bracket_at_the_limit_of_the_shutter_is_one_without_its_repeat(tmp_path):
    times = (1 / 2000, 1 / 8000, 1 / 8000, 1 / 500, 1 / 125)
    series = [(f"{i}.jpg", seconds, {"taken": 0.3 * i, "mode": 2}) for i, seconds in enumerate(times)]
    (burst,) = find_bursts(shots(tmp_path / "card", series))
    assert sorted(names(burst.frames)) == ["0.jpg", "1.jpg", "3.jpg", "4.jpg"]
    assert names(burst.ignored) == ["2.jpg"]


@pytest.mark.parametrize("tag", ["model", "serial"])
def test_two_cameras_that_took_turns_are_told_apart(tmp_path, tag):
    series = [
        (f"{body}{i}.jpg", seconds, {"taken": 0.5 * i + (body == "B") * 0.2, tag: body})
        for body in "AB"
        for i, seconds in enumerate((1 / 500, 1 / 125, 1 / 2000))
    ]
    assert groups(shots(tmp_path / "card", series)) == [["A0.jpg", "A1.jpg", "A2.jpg"], ["B0.jpg", "B1.jpg", "B2.jpg"]]


def test_noise_reduction_after_long_exposures_is_no_pause(tmp_path):
    series = [(f"{i}.jpg", seconds, {"taken": start}) for i, (seconds, start) in enumerate([(2, 0), (8, 5), (30, 22)])]
    assert len(groups(shots(tmp_path / "night", series))) == 1
    series = [*series, ("3.jpg", 1, {"taken": 63}), ("4.jpg", 15, {"taken": 66})]  # too soon for a dark picture of 30 s
    assert [len(one) for one in groups(shots(tmp_path / "night", series))] == [3, 2]


def test_exposures_whose_end_the_camera_writes_are_one_bracket(tmp_path):
    series = [
        (f"{i}.jpg", seconds, {"taken": end}) for i, (seconds, end) in enumerate([(0.5, 1), (2, 3), (8, 12), (30, 42)])
    ]
    assert [len(one) for one in groups(shots(tmp_path / "night", series))] == [4]


def test_a_compensation_that_stays_for_a_whole_bracket_is_no_step_of_it(tmp_path):
    series = [
        (f"{3 * k + i}.jpg", 2.0 ** (step + k) / 500, {"taken": 0.4 * (3 * k + i), "bias": k, "mode": 2})
        for k in range(2)
        for i, step in enumerate((0, -2, 2))
    ]
    assert groups(shots(tmp_path / "card", series)) == [["0.jpg", "1.jpg", "2.jpg"], ["3.jpg", "4.jpg", "5.jpg"]]


@pytest.mark.parametrize("ending", [".JPG", ".jpeg"])
@pytest.mark.parametrize("doubled", [(8, 9, 10), (9,)])
def test_of_one_picture_under_two_endings_one_is_left(tmp_path, ending, doubled):
    folder = cards(tmp_path / "card", [0])
    for number in doubled:
        path = folder / f"IMG_{number}.jpg"
        path.with_suffix(ending).write_bytes(path.read_bytes())
    (burst,) = find_bursts(folder)
    assert sorted(path.stem for path in burst.frames) == ["IMG_10", "IMG_8", "IMG_9"]


@pytest.mark.parametrize("mark", [" (1)", " copy", "_1", "~2"])
def test_copies_are_left_out(tmp_path, mark):
    folder = cards(tmp_path / "card", [0])
    for path in sorted(folder.iterdir()):
        path.with_stem(path.stem + mark).write_bytes(path.read_bytes())
    (burst,) = find_bursts(folder)
    assert sorted(names(burst.frames)) == ["IMG_10.jpg", "IMG_8.jpg", "IMG_9.jpg"]
    assert len(burst.ignored) == 3


@pytest.mark.parametrize(
    "name", ["IMG_9_edited.jpg", "IMG_9 small.jpg", "IMG_9.png", "IMG_E9.jpg", "img_9.JPG", "lamp HDR.png", "a9.jpg"]
)
def test_an_edited_copy_of_the_same_moment_is_left_out(tmp_path, name):
    times = (1 / 500, 1 / 125, 1 / 2000)
    series = [(f"IMG_{8 + i}.jpg", time, {"taken": 0.4 * i, "model": "M"}) for i, time in enumerate(times)]
    folder = shots(tmp_path / "card", series)
    smaller = frames(radiance(3), (0.0,))[0][:, ::2, ::2]
    write_frame(folder / name, smaller, seconds=1 / 125, iso=100, aperture=8, taken=0.4, model="M")
    (burst,) = find_bursts(folder)
    assert sorted(names(burst.frames)) == ["IMG_10.jpg", "IMG_8.jpg", "IMG_9.jpg"]
    assert names(burst.ignored) == [name]


def test_jpegs_beside_raw_pictures_of_other_names_are_no_frames(tmp_path):
    headers = {}
    for index in range(3):
        camera = CameraData(seconds=4.0**index / 500, iso=100, aperture=8, taken=float(index), body="Phone")
        for name in ("RAW-01.COVER.jpg", "RAW-02.ORIGINAL.dng"):
            header = PictureHeader("dng" if name.endswith("dng") else "jpeg", 64, 48, camera, None)
            headers[Path(f"PXL_2025060112000{index}123.{name}")] = header
    assert names(sorted(copies(list(headers), list(headers.values())))) == [
        f"PXL_2025060112000{index}123.RAW-01.COVER.jpg" for index in range(3)
    ]


@pytest.mark.parametrize("name", ["result.jpg", "IMG_9 (edited).jpg", "IMG_9.png"])
@pytest.mark.parametrize("rooms", [1, 2])
def test_of_few_pictures_one_of_another_name_without_an_exposure_is_no_frame(tmp_path, name, rooms):
    folder = cards(tmp_path / "card", [30 * room for room in range(rooms)])
    write_frame(folder / name, frames(radiance(4))[1])
    found = find_bursts(folder)
    assert [len(burst.frames) for burst in found] == [3] * rooms
    assert names(found[0].ignored) == names(found[0].alone) == [name]


def test_a_frame_of_the_series_that_has_lost_its_exposure_is_one(tmp_path):
    folder = cards(tmp_path / "card", [0])
    write_frame(folder / "IMG_11.jpg", frames(radiance(), (-2.0, 1.0))[1])
    (burst,) = find_bursts(folder)
    assert len(burst.frames) == 4


@pytest.mark.parametrize("names", [("a.jpg", "a-2.jpg", "a-3.jpg"), ("dark.jpg", "middle.jpg", "bright.jpg")])
def test_pictures_developed_from_one_raw_picture_are_refused_by_what_they_are(tmp_path, names):
    folder = shots(tmp_path / "b", [(name, 1 / 100, {"taken": 0, "model": "M"}) for name in names])
    with pytest.raises(InputError, match=r"have the same exposure.*write the log2 EVs into exposure\.txt"):
        find_burst(folder)


def test_two_pictures_of_one_second_and_exposure_are_no_copies(tmp_path):
    times = (1 / 500, 1 / 125, 1 / 2000) * 2
    series = [(f"{i}.jpg", seconds, {"taken": 0, "model": "M"}) for i, seconds in enumerate(times)]
    assert [len(one) for one in groups(shots(tmp_path / "card", series))] == [3, 3]


def test_of_many_pictures_one_without_an_exposure_hides_no_bracket(tmp_path):
    series = [
        (f"IMG_{3 * k + i:02}.jpg", time, {"taken": 20 * k + 0.4 * i})
        for k in range(6)
        for i, time in enumerate((1 / 500, 1 / 125, 1 / 2000))
    ]
    folder = shots(tmp_path / "card", series)
    write_frame(folder / "screenshot.png", frames(radiance(4))[1])
    found = find_bursts(folder)
    assert [len(burst.frames) for burst in found] == [3] * 6
    assert names(found[0].alone) == ["screenshot.png"]


def test_exposures_that_somebody_set_by_hand_are_brackets(tmp_path):
    times = (1 / 500, 1 / 125, 1 / 2000)
    series = [(f"{3 * k + i}.jpg", time, {"taken": 300 * k + 7 * i}) for k in range(2) for i, time in enumerate(times)]
    assert [len(one) for one in groups(shots(tmp_path / "card", series))] == [3, 3]


@pytest.mark.parametrize("pauses", [(2, 4), (4, 2), (2, 5, 3)])
def test_exposures_set_by_hand_are_one_bracket_though_some_pauses_are_short(tmp_path, pauses):
    starts = np.cumsum((0, *pauses)).tolist()
    series = [
        (f"{4 * k + i}.jpg", 4.0**i / 2000, {"taken": 300 * k + start, "mode": 1})
        for k in range(2)
        for i, start in enumerate(starts)
    ]
    assert [len(one) for one in groups(shots(tmp_path / "card", series))] == [len(starts)] * 2


def by_dial(folder, pauses, seeds, **more):
    """Pictures of five exposures with such pauses between them, each of the scene of its seed."""
    folder.mkdir()
    taken = 0.0
    for index, seed in enumerate(seeds):
        ldr = frames(radiance(seed), (-2, -1, 0, 1, 2))[index]
        write_frame(folder / f"IMG_{index}.jpg", ldr, seconds=2e-3 * 2**index, iso=100, taken=taken, **more)
        taken += pauses[index % len(pauses)]
    return folder


@pytest.mark.parametrize("pauses", [(2, 5), (20, 2), (4, 4, 1)])
@pytest.mark.parametrize("more", [{}, {"mode": 0}])
def test_pictures_of_one_scene_with_a_dial_turned_in_between_are_one_bracket(tmp_path, pauses, more):
    assert groups(by_dial(tmp_path / "b", pauses, [1] * 5, **more)) == [[f"IMG_{index}.jpg" for index in range(5)]]


def test_pictures_of_other_scenes_and_what_the_camera_bracketed_stand_alone_after_a_pause(tmp_path):
    pair = [["IMG_2.jpg", "IMG_3.jpg"]]
    assert groups(by_dial(tmp_path / "scenes", (4, 4, 1), [1, 2, 3, 3, 4])) == pair
    assert groups(by_dial(tmp_path / "marked", (4, 4, 1), [1] * 5, mode=2)) == pair


MARKED = {"model": "M", "mode": 2}
METERED = {"model": "M", "mode": 0, "bias": 0}


@pytest.mark.parametrize("pauses", [(2, 4), (4, 2), (1, 20), (5, 7)])
@pytest.mark.parametrize("steps", [(0, -2, 2), (-1, 0, 1)])
def test_brackets_for_each_of_whose_exposures_somebody_pressed_the_button_are_whole(tmp_path, pauses, steps):
    """Among them a picture alone, a bracket that was broken off, and one that the camera took by itself."""
    series = []

    def take(biases, moments, **more):
        for bias, moment in zip(biases, moments, strict=True):
            series.append((f"IMG_{len(series):04}.jpg", 2.0**bias / 100, {"bias": bias, "taken": moment, **more}))

    starts = np.cumsum((0, *pauses)).tolist()
    for number in range(3):
        take(steps, [200 * number + start for start in starts], **MARKED)
    take([0], [700], **METERED)
    take(steps[:2], [900, 900.4], **MARKED)
    take(steps, [910, 910.4, 910.8], **MARKED)
    found = groups(shots(tmp_path / "card", series))
    assert found == [[name for name, *_ in series[i:j]] for i, j in ((0, 3), (3, 6), (6, 9), (10, 12), (12, 15))]


@pytest.mark.parametrize("more", [{}, {"mode": 2}, {"mode": 0}])
def test_brackets_of_the_same_steps_are_whole_though_a_pause_within_them_is_long(tmp_path, more):
    moments = [300 * bracket + start for bracket in range(2) for start in (0, 2, 6)]
    series = [(f"IMG_{i}.jpg", 2.0 ** (0, -2, 2)[i % 3] / 100, {"taken": t, **more}) for i, t in enumerate(moments)]
    assert [len(one) for one in groups(shots(tmp_path / "card", series))] == [3, 3]


def test_what_the_camera_metered_is_no_bracket_beside_brackets_that_it_marks(tmp_path):
    bracket = [(f"IMG_{i}.jpg", 2.0 ** (0, -2, 2)[i] / 100, {"taken": 0.3 * i, **MARKED}) for i in range(3)]
    metered = [(f"IMG_{3 + i}.jpg", (1 / 60, 1 / 250)[i], {"taken": 60 + 2 * i, **METERED}) for i in range(2)]
    assert groups(shots(tmp_path / "card", [*bracket, *metered])) == [["IMG_0.jpg", "IMG_1.jpg", "IMG_2.jpg"]]


def test_two_pictures_less_than_a_stop_apart_are_no_bracket_beside_brackets(tmp_path):
    bracket = [(f"IMG_{i}.jpg", 2.0 ** (0, -2, 2)[i] / 100, {"taken": 0.3 * i}) for i in range(3)]
    metered = [(f"IMG_{3 + i}.jpg", (1 / 60, 1 / 80)[i], {"taken": 60 + 2 * i}) for i in range(2)]
    assert groups(shots(tmp_path / "card", [*bracket, *metered])) == [["IMG_0.jpg", "IMG_1.jpg", "IMG_2.jpg"]]


def test_a_bracket_that_was_broken_off_after_its_first_exposure_is_not_joined_to_the_next(tmp_path):
    values = ((1 / 80, 0), (1 / 50, 0), (1 / 100, -1), (1 / 25, 1))
    series = [
        (f"IMG_{i}.jpg", seconds, {"taken": 0 if i == 0 else 2 + 0.3 * i, "bias": bias, **MARKED})
        for i, (seconds, bias) in enumerate(values)
    ]
    assert groups(shots(tmp_path / "card", series)) == [["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"]]


@pytest.mark.parametrize("pause", [0.3, 1.5])
def test_quick_brackets_in_manual_mode_are_neither_joined_nor_joined_by_a_picture_before_them(tmp_path, pause):
    levels, starts = (1, 20, 1 / 9), (20, 60, 90)  # no exposure comes again
    series = [
        (f"DJI_{3 * k + i + 1:04}.jpg", level * 4.0**i / 2000, {"taken": start + pause * i, "mode": 1})
        for k, (level, start) in enumerate(zip(levels, starts, strict=True))
        for i in range(3)
    ]
    folder = shots(tmp_path / "card", [("DJI_0000.jpg", 1 / 60, {"taken": 10, "mode": 1}), *series])
    found = find_bursts(folder)
    assert [len(burst.frames) for burst in found] == [3, 3, 3]
    assert names(found[0].alone) == ["DJI_0000.jpg"]


@pytest.mark.parametrize("index", range(3))
def test_a_frame_without_an_exposure_mode_does_not_part_its_bracket(tmp_path, index):
    times = (1 / 500, 1 / 125, 1 / 2000)
    modes = [{} if i == index else {"mode": 2} for i in range(3)]
    series = [(f"{i}.jpg", times[i], {"taken": 0.4 * i, **modes[i]}) for i in range(3)]
    assert [len(one) for one in groups(shots(tmp_path / "card", series))] == [3]


def test_numbers_go_on_after_999(tmp_path):
    times = (1 / 500, 1 / 125, 1 / 2000)
    series = [(f"DJI_{n:04}.jpg", times[i % 3], {"taken": 0}) for i, n in enumerate((998, 999, 1, 2, 3, 4))]
    assert groups(shots(tmp_path / "card", series))[0] == ["DJI_0001.jpg", "DJI_0998.jpg", "DJI_0999.jpg"]


def test_numbers_go_on_after_9999(tmp_path):
    numbers = (9997, 9998, 9999, 1, 2, 3)
    times = (1 / 500, 1 / 125, 1 / 2000)
    series = [(f"IMG_{number:04}.jpg", times[i % 3], {"taken": 0}) for i, number in enumerate(numbers)]
    found = find_bursts(shots(tmp_path / "card", series))
    assert [burst.name for burst in found] == ["IMG_0001", "IMG_9997"]
    assert groups(tmp_path / "card")[0] == ["IMG_0001.jpg", "IMG_0002.jpg", "IMG_0003.jpg"]


def test_numbers_go_on_after_9999_where_some_before_are_gone(tmp_path):
    times = (1 / 500, 1 / 125, 1 / 2000)
    series = [(f"IMG_{n:04}.jpg", times[i % 3], {"taken": 0}) for i, n in enumerate((9900, 9901, 9902, 9998, 9999, 1))]
    assert groups(shots(tmp_path / "card", series)) == [
        ["IMG_0001.jpg", "IMG_9998.jpg", "IMG_9999.jpg"],
        ["IMG_9900.jpg", "IMG_9901.jpg", "IMG_9902.jpg"],
    ]


@pytest.mark.parametrize("marks", [("", "(1)", "(2)"), ("", "-1", "-2"), ("", " (2)", " (3)"), ("", "_1", "_2")])
def test_pictures_that_are_named_by_their_second_are_in_the_order_of_shooting(tmp_path, marks):
    seconds = (0, 0, 0, 1, 1, 2)
    stems = [f"20250601_12000{second}{marks[seconds[:i].count(second)]}" for i, second in enumerate(seconds)]
    times = (1 / 500, 1 / 2000, 1 / 125)
    series = [(f"{stem}.jpg", times[i % 3], {"taken": seconds[i]}) for i, stem in enumerate(stems)]
    found = find_bursts(shots(tmp_path / "card", series))
    assert [sorted(path.stem for path in burst.frames) for burst in found] == [sorted(stems[:3]), sorted(stems[3:])]


def clock_set(folder, brackets, at, jump, **more):
    """A card of brackets of three exposures, a minute apart; its clock jumps before one of the pictures."""
    times = (1 / 500, 1 / 2000, 1 / 125)
    moments = [100 + 60 * (i // 3) + 0.5 * (i % 3) + jump * (i >= at) for i in range(3 * brackets)]
    levels = (1, 30, 1 / 30)  # no exposure comes again
    series = [(f"IMG_{i + 8}.jpg", levels[i // 3] * times[i % 3], {"taken": t}) for i, t in enumerate(moments)]
    return shots(folder, series, **more)


JUMPS = (3600, -3600, 19800, -86400.0 * 700, 5e6, 137, -20)


@pytest.mark.parametrize("jump", JUMPS)
@pytest.mark.parametrize("at", [3, 4, 5, 6, 8])
def test_a_clock_that_was_set_does_not_part_brackets_that_are_like_others(tmp_path, jump, at):
    found = groups(clock_set(tmp_path / "card", 3, at, jump))
    assert sorted(found) == sorted(sorted(f"IMG_{3 * k + i}.jpg" for i in (8, 9, 10)) for k in range(3))


@pytest.mark.parametrize("jump", [3600, -3600, 19800, -500, -1e8])
@pytest.mark.parametrize("at", [1, 2])
def test_a_bracket_without_others_may_have_an_hour_in_it(tmp_path, jump, at):
    assert [len(one) for one in groups(clock_set(tmp_path / "card", 1, at, jump))] == [3]


@pytest.mark.parametrize(("jump", "whole"), [(3600, 3), (-500, 3), (137, 2)])
def test_pairs_are_whole_again_where_the_clock_tells_so(tmp_path, jump, whole):
    """Pictures that stand alone have the steps of a pair too often."""
    moments = [100 + 60 * (i // 2) + 0.5 * (i % 2) + jump * (i >= 3) for i in range(6)]
    series = [(f"IMG_{i + 8}.jpg", (1 / 500, 1 / 125)[i % 2], {"taken": t}) for i, t in enumerate(moments)]
    assert [len(one) for one in groups(shots(tmp_path / "card", series))] == [2] * whole


@pytest.mark.parametrize("jump", [3600, -500])
def test_a_bracket_set_by_hand_may_have_an_hour_in_it(tmp_path, jump):
    series = [
        (f"IMG_{i + 8}.jpg", (1 / 500, 1 / 2000, 1 / 125)[i], {"taken": 7 * i + jump * (i == 2), "mode": 1})
        for i in range(3)
    ]
    assert [len(one) for one in groups(shots(tmp_path / "card", series))] == [3]


@pytest.mark.parametrize("jump", [3540, -3600])
def test_brackets_are_not_joined_by_a_clock_that_was_set_between_them(tmp_path, jump):
    assert [len(one) for one in groups(clock_set(tmp_path / "card", 2, 3, jump))] == [3, 3]


@pytest.mark.parametrize("biased", [True, False])
def test_a_long_pause_in_a_bracket_without_others_is_none_where_the_biases_go_on(tmp_path, biased):
    told = [{"mode": 2, "bias": bias} if biased else {"mode": 2} for bias in (0, -2, 2)]
    series = [(f"{i}.jpg", 2.0 ** (0, -2, 2)[i] / 500, {"taken": 200 * (i == 2) + i, **told[i]}) for i in range(3)]
    assert [len(one) for one in groups(shots(tmp_path / "card", series))] == [3 if biased else 2]


def test_pictures_that_stand_alone_before_a_bracket_are_not_joined_to_it_by_a_pause(tmp_path):
    times = (1 / 30, 1 / 500, 1 / 125, 1 / 2000, 1 / 60, 1 / 500, 1 / 125, 1 / 2000)
    moments = (0, 3600, 3600.5, 3601, 7200, 9000, 9000.5, 9001)
    series = [(f"{i}.jpg", seconds, {"taken": t}) for i, (seconds, t) in enumerate(zip(times, moments, strict=True))]
    assert groups(shots(tmp_path / "card", series)) == [["1.jpg", "2.jpg", "3.jpg"], ["5.jpg", "6.jpg", "7.jpg"]]


@pytest.mark.parametrize("hours", [1, -1, 9])
def test_a_phone_that_comes_to_another_zone_within_a_bracket_tells_so(tmp_path, hours):
    folder = tmp_path / "card"
    for index, seconds in enumerate((1 / 500, 1 / 2000, 1 / 125)):
        late = index == 2
        told = {"taken": index + 3600 * hours * late, "offset": f"{2 + hours * late:+03}:00"}
        shots(folder, [(f"IMG_{3 * index}.jpg", seconds, told)])
    assert [len(one) for one in groups(folder)] == [3]


def test_exposures_that_come_again_without_a_pattern_are_asked_for(tmp_path):
    times = (1 / 500, 1 / 500, 1 / 125, 1 / 125, 1 / 30, 1 / 30)  # two cameras that do not tell who they are
    series = [(f"{i}.jpg", seconds, {"taken": 0.3 * i}) for i, seconds in enumerate(times)]
    folder = shots(tmp_path / "card", series)
    with pytest.raises(InputError, match=r"bursts\.csv: it is not certain which of 6 pictures"):
        find_bursts(folder)
    assert guess(folder)


def test_rooms_without_exif_are_asked_for(tmp_path):
    for room in range(2):
        for index, ldr in enumerate(frames(radiance(room), (0.0, -2.0, 2.0))):
            write_frame(tmp_path / f"{3 * room + index}.png", ldr)
    with pytest.raises(InputError, match=r"bursts\.csv: it is not certain"):
        find_bursts(tmp_path)
    assert [names(one) for one in guess(tmp_path)] == [["0.png", "1.png", "2.png"], ["3.png", "4.png", "5.png"]]
    assert find_bursts(write_burst(tmp_path / "one", bits=8, text=False))


def test_different_scenes_without_exif_are_asked_for_though_no_pattern_comes_again(tmp_path):
    pictures = [*frames(radiance(1), (0.0, 1.0, 2.0)), *frames(radiance(2), (0.5, -1.0))]
    for index, ldr in enumerate(pictures):
        write_frame(tmp_path / f"{index}.png", ldr)
    assert [names(one) for one in guess(tmp_path)] == [["0.png", "1.png", "2.png"], ["3.png", "4.png"]]
