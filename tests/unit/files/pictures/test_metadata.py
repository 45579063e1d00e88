"""What a camera says of an exposure."""

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from hdrpipe.files.pictures.decoder import shared
from hdrpipe.files.pictures.metadata import camera_data

OLD, KIND, OUTPUT, INDEX, SPEED = 0x8827, 0x8830, 0x8831, 0x8832, 0x8833


def picture(path, inner, outer=None):
    exif = Image.Exif()
    exif.get_ifd(0x8769).update(inner)
    for tag, value in (outer or {0x0112: 1}).items():
        exif[tag] = value
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path, exif=exif)
    return path


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize(
    ("tags", "iso"),
    [
        ({OLD: 400}, 400),
        ({OLD: 12800, KIND: 2, INDEX: 12800}, 12800),
        ({OLD: 65535, KIND: 2, INDEX: 204800}, 204800),
        ({OLD: 65535, KIND: 1, OUTPUT: 102400}, 102400),
        ({OLD: 65535, KIND: 3, SPEED: 409600}, 409600),
        ({OLD: 65535, KIND: 6, INDEX: 102400, SPEED: 102400}, 102400),
        ({OLD: 65535, KIND: 2, OUTPUT: 80000, INDEX: 102400}, 102400),
        ({OLD: 65535, INDEX: 102400}, 102400),
        ({OLD: 65535}, 65535),
        ({OLD: 65535, KIND: 2, INDEX: 100}, 65535),
        ({KIND: 2, INDEX: 3200}, 3200),
        ({}, None),
    ],
)
def test_sensitivities_beyond_16_bits_stand_in_tags_of_their_own(tmp_path, suffix, tags, iso):
    assert camera_data(picture(tmp_path / f"a.{suffix}", {**tags, 0x829A: IFDRational(1, 60)})).iso == iso


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize(
    ("tags", "seconds", "aperture"),
    [
        ({0x9201: IFDRational(6, 1), 0x9202: IFDRational(6, 1)}, 1 / 64, 8.0),
        ({0x9201: IFDRational(-2, 1)}, 4.0, None),
        ({0x829A: IFDRational(0, 1), 0x9201: IFDRational(0, 1), 0x829D: IFDRational(0, 1)}, 1.0, None),
        ({0x829A: IFDRational(1, 60), 0x9201: IFDRational(6, 1), 0x829D: IFDRational(5, 1), 0x9202: IFDRational(6, 1)},
         1 / 60, 5.0),
        ({0x9201: IFDRational(0, 0), 0x9202: IFDRational(0, 1)}, None, None),
        ({0x9201: IFDRational(65536, 1)}, None, None),
    ],
)  # fmt: skip
def test_logarithms_stand_in_for_a_missing_time_and_aperture(tmp_path, suffix, tags, seconds, aperture):
    camera = camera_data(picture(tmp_path / f"a.{suffix}", tags))
    assert (camera.seconds, camera.aperture) == (pytest.approx(seconds), pytest.approx(aperture))


def test_mode_bias_and_body_are_told_also_by_the_decoder(tmp_path):
    inner = {0xA402: 2, 0x9204: IFDRational(-2, 3), 0xA431: "0042"}
    path = picture(tmp_path / "a.jpg", inner, {0x010F: "Maker", 0x0110: "Model"})
    for camera in (camera_data(path), shared().header(path).camera):
        assert (camera.bracketed, camera.body) == (True, "Maker Model 0042")
        assert camera.bias == pytest.approx(-2 / 3)


def test_a_bias_of_zero_is_told_and_what_is_missing_is_not(tmp_path):
    camera = camera_data(picture(tmp_path / "a.jpg", {0xA402: 0, 0x9204: IFDRational(0, 1)}))
    assert (camera.bracketed, camera.bias, camera.body) == (False, 0.0, "")
    silent = camera_data(picture(tmp_path / "b.png", {}))
    assert (silent.bracketed, silent.bias, silent.body) == (None, None, "")


@pytest.mark.parametrize(
    "text",
    [
        "2025:06:01 13:02:03",
        "2025-06-01 13:02:03",
        "2025/06/01 13:02:03",
        "2025-06-01T13:02:03",
        "2025:06:01 13:02:03+02:00",
        "2025:06:01 01:02:03 PM",
        "2025:06:01 1:02:03 p.m.",
    ],
)
def test_the_moment_is_read_however_programs_write_it(tmp_path, text):
    right = camera_data(picture(tmp_path / "a.jpg", {0x9003: "2025:06:01 13:02:03"})).taken
    assert camera_data(picture(tmp_path / "b.jpg", {0x9003: text})).taken == right
    assert right is not None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2025:06:01 24:00:05", 5),
        ("2025:06:01 12:00:05 AM", 5),
        ("2025:06:01 00:00:05.25", 5.25),
        ("2025:02:30 00:00:00", None),
    ],
)
def test_moments_after_midnight_and_parts_of_seconds(tmp_path, text, seconds):
    midnight = camera_data(picture(tmp_path / "a.jpg", {0x9003: "2025:06:01 00:00:00"})).taken
    taken = camera_data(picture(tmp_path / "b.jpg", {0x9003: text})).taken
    assert (taken is None) if seconds is None else (taken - midnight == seconds)


@pytest.mark.parametrize("suffix", ["jpg", "png"])
@pytest.mark.parametrize(
    ("inner", "seconds", "offset"),
    [
        ({0x9003: "2025:06:01 00:00:01", 0x9291: "25", 0x9011: "+02:00", 0x9290: "9", 0x9010: "+09:00"}, 1.25, 7200),
        ({0x9004: "2025:06:01 00:00:02", 0x9292: "5", 0x9012: "-03:30"}, 2.5, -12600),
        ({0x9003: "2025:06:01 00:00:03", 0x9010: "+09:00"}, 3, None),
        ({0x9003: "2025:06:01 00:00:03", 0x9011: "   :  "}, 3, None),
    ],
)
def test_a_moment_has_the_fraction_and_the_zone_of_its_own_tags(tmp_path, suffix, inner, seconds, offset):
    path = picture(tmp_path / f"a.{suffix}", inner, {0x0132: "2025:07:02 12:00:00"})
    midnight = camera_data(picture(tmp_path / "b.jpg", {0x9003: "2025:06:01 00:00:00"})).taken
    for camera in (camera_data(path), shared().header(path).camera):
        assert (camera.taken - midnight, camera.offset) == (seconds, offset)


@pytest.mark.parametrize("nothing", ["0000:00:00 00:00:00", "    :  :     :  :  ", ""])
def test_a_moment_of_zeros_or_blanks_leaves_it_to_the_next_tag(tmp_path, nothing):
    tags = {0x829A: IFDRational(1, 100), 0x9003: nothing, 0x9004: "2025:03:01 12:00:00"}
    moment = camera_data(picture(tmp_path / "a.jpg", tags)).taken
    assert moment == camera_data(picture(tmp_path / "b.jpg", {**tags, 0x9003: "2025:03:01 12:00:00"})).taken
    assert moment is not None
