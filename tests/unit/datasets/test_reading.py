"""Frames and truth in memory."""

import cv2
import numpy as np
import pytest
import tifffile
from camera_files import frames, radiance, write_burst, write_dng, write_frame, write_radiance
from PIL import Image, ImageCms

from hdrpipe.datasets.bursts import find_burst
from hdrpipe.datasets.reading import read_burst, read_truth
from hdrpipe.errors import InputError
from hdrpipe.files.pictures.decoder import shared
from hdrpipe.files.pictures.raw import DEMOSAICED
from hdrpipe.imaging.coding import Coding
from hdrpipe.imaging.noise import READ_NOISE, SHOT_NOISE


def read(folder):
    found = find_burst(folder)
    return found, read_burst(found)


@pytest.mark.parametrize(("suffix", "bits"), [("png", 16), ("tif", 16), ("tif", 8), ("jpg", 8)])
def test_a_burst_comes_as_it_was_taken(tmp_path, suffix, bits):
    _, burst = read(write_burst(tmp_path / "b", suffix=suffix, bits=bits))
    assert burst.samples.dtype == {8: np.uint8, 16: np.uint16}[bits]
    assert (burst.reference, burst.source, burst.notes) == (1, "exposure.txt", ())
    error = np.abs(burst.burst().ldr - frames(radiance()))
    assert error.max() <= (0.6 / (2**bits - 1) if suffix != "jpg" else 0.1)


def test_eight_bit_frames_beside_sixteen_are_widened_and_said(tmp_path):
    folder = write_burst(tmp_path / "b", suffix="png", bits=16)
    write_frame(folder / "2.png", frames(radiance())[1], 8)
    _, burst = read(folder)
    assert burst.samples.dtype == np.uint16
    assert np.abs(burst.burst().ldr - frames(radiance())).max() < 0.003
    assert "8 and of 16 bit" in burst.notes[0]


@pytest.mark.parametrize(("scale", "clipping"), [(1.0, True), (255.0, True), (1.0, False), (1e-3, False)])
def test_floats_are_linear_light_up_to_one_or_to_their_largest_value(tmp_path, scale, clipping):
    for number, time in enumerate((1, 4, 16)):
        linear = radiance() * np.float32(time)
        linear = (linear.clip(0, 1) if clipping else linear) * np.float32(scale)
        tifffile.imwrite(tmp_path / f"{number}.tif", linear.transpose(1, 2, 0), photometric="rgb")
    (tmp_path / "exposure.txt").write_text("0\n2\n4\n")
    _, burst = read(tmp_path)
    assert burst.samples.dtype == np.uint16
    found = burst.burst().radiance[0]
    kept = radiance() * np.float32(scale if scale < 1 else 1.0 if clipping else 1 / 16)
    assert np.allclose(found, kept, rtol=0.02, atol=1e-6)
    assert ["linear light" in note for note in burst.notes] == [True]


def test_floats_that_clip_below_one_end_there(tmp_path):
    for number, time in enumerate((1, 4, 16)):
        linear = (radiance() * np.float32(time)).clip(0, 1) * np.float32(0.4)
        tifffile.imwrite(tmp_path / f"{number}.tif", linear.transpose(1, 2, 0), photometric="rgb")
    (tmp_path / "exposure.txt").write_text("0\n2\n4\n")
    _, burst = read(tmp_path)
    assert np.allclose(burst.burst().radiance[0], radiance(), rtol=0.02, atol=1e-6)
    assert "ends at 0.4, where they clip" in burst.notes[0]


def test_sizes_that_differ_are_told(tmp_path):
    folder = write_burst(tmp_path / "b")
    write_frame(folder / "2.png", frames(radiance())[1, :, :40], 16)
    with pytest.raises(InputError, match=r"2\.png: has 64 x 40 pixels, '1\.png' has 64 x 48"):
        read(folder)


def test_told_and_seen_exposures_that_disagree_are_said(tmp_path):
    folder = write_burst(tmp_path / "b")
    (folder / "exposure.txt").write_text("-2\n0\n4\n")
    _, burst = read(folder)
    assert burst.notes == ("'2.png' to '3.png': exposure.txt says +4.00 EV, the pictures say +2.00",)


@pytest.mark.parametrize(
    ("frame", "value", "what"),
    [(1, 0.0, "is black, though '1.png' of a shorter"), (0, 1.0, "is white, though '2.png' of a longer")],
)
def test_a_frame_that_shows_nothing_of_the_scene_is_refused(tmp_path, frame, value, what):
    folder = write_burst(tmp_path / "b", radiance() * 0.9)
    write_frame(folder / f"{frame + 1}.png", np.full((3, 48, 64), value), 16)
    with pytest.raises(InputError, match=rf"{frame + 1}\.png: {what}"):
        read(folder)


@pytest.mark.parametrize(("frame", "value"), [(0, 0.0), (2, 1.0)])
def test_the_shortest_frame_may_be_black_and_the_longest_white(tmp_path, frame, value):
    folder = write_burst(tmp_path / "b")
    write_frame(folder / f"{frame + 1}.png", np.full((3, 48, 64), value), 16)
    assert read(folder)


def test_a_damaged_frame_is_named(tmp_path):
    folder = write_burst(tmp_path / "b")
    (folder / "2.png").write_bytes((folder / "2.png").read_bytes()[:60])
    with pytest.raises(InputError, match=r"2\.png"):
        read(folder)


@pytest.mark.parametrize(("convention", "factor"), [("min-ev", 1.0), ("raw-ev", 4.0), ("reference", 16.0)])
@pytest.mark.parametrize("name", ["HDRImg.hdr", "hdr_img.exr"])
def test_the_scale_of_a_truth_is_recognised(tmp_path, convention, factor, name):
    ev = (-2.0, 2.0, 4.0)
    folder = write_burst(tmp_path / "b", ev=ev)
    write_radiance(folder / name, radiance() * np.float32(factor))
    found, burst = read(folder)
    for scale in ("auto", convention):
        truth, found_scale = read_truth(found.truth, burst.burst(), scale)
        assert found_scale == convention
        assert np.allclose(truth, radiance(), atol=1 / 128)


def test_lights_above_the_shortest_frame_s_clipping_stay_in_a_truth(tmp_path):
    folder = write_burst(tmp_path / "b")
    bright = radiance()
    bright[:, :4, :4] = 6.0
    write_radiance(folder / "hdr_img.exr", bright)
    found, burst = read(folder)
    truth, _ = read_truth(found.truth, burst.burst())
    assert np.allclose(truth[:, :4, :4], 6.0, rtol=1e-2)


def test_a_truth_of_no_known_scale_or_of_another_size_is_told(tmp_path):
    folder = write_burst(tmp_path / "b", truth="HDRImg.hdr")
    found, burst = read(folder)
    write_radiance(folder / "HDRImg.hdr", radiance() * 7)
    with pytest.raises(InputError, match="no convention explains"):
        read_truth(found.truth, burst.burst())
    write_radiance(folder / "HDRImg.hdr", radiance()[:, :40])
    with pytest.raises(InputError, match="has 64 x 40 pixels"):
        read_truth(found.truth, burst.burst())
    with pytest.raises(InputError, match="no HDR picture"):
        read_truth(found.frames[0], burst.burst())


def test_raw_frames_take_the_white_balance_of_the_reference_asked_for(tmp_path):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    scene = np.kron(np.random.default_rng(0).random((3, 12, 16)) * 0.2 + 0.02, np.ones((8, 8)))
    for index, seconds in enumerate((0.01, 0.04, 0.16)):
        write_dng(tmp_path / f"{index}.dng", scene * seconds / 0.02, seconds=seconds, neutral=(0.4 + 0.2 * index, 1, 1))
    found = find_burst(tmp_path)
    seen = {asked: read_burst(found, reference=asked) for asked in (None, 0, 1, 2)}
    assert [burst.reference for burst in seen.values()] == [1, 0, 1, 2]
    assert np.array_equal(seen[None].samples, seen[1].samples)
    red = [float(np.median(seen[asked].samples[0, 0] / 65535.0) ** 2.2) for asked in (0, 1, 2)]
    assert red[0] > 1.1 * red[1] > 1.2 * red[2]


@pytest.mark.parametrize("asked", [-1, 3])
def test_a_reference_that_is_no_frame_is_told(tmp_path, asked):
    with pytest.raises(InputError, match=f"reference {asked} is no frame.*0 to 2"):
        read_burst(find_burst(write_burst(tmp_path / "b")), reference=asked)


GREY = np.ones((3, 64, 1)) * np.repeat(np.exp2(np.linspace(-6, 0, 64)), 2) * np.array([0.5, 1, 0.7]).reshape(3, 1, 1)
"""Grey light on a sensor of the neutral 0.5, 1, 0.7: (3, 64, 128)."""


def raw_burst(folder, light, **kind):
    for index, ev in enumerate((0, 2, 4)):
        write_dng(folder / f"{index}.dng", light * 2.0**ev, seconds=2.0**ev / 500, **kind)
    return find_burst(folder)


@pytest.mark.parametrize("kind", ["bayer", "linear"])
@pytest.mark.parametrize("full", [0.6, 0.85, 0.95, 1.0])
def test_clipped_lights_of_a_sensor_that_saturates_below_its_white_level_are_white(tmp_path, kind, full):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    seen = read_burst(raw_burst(tmp_path, GREY, kind=kind, full=full))
    assert (seen.samples[1:, :, 32, 124] > 65000).all()
    assert seen.samples[0, :, 32, 60] / seen.samples[0, 1, 32, 60] == pytest.approx(1.0, abs=0.02)
    assert not seen.notes


def test_raw_frames_without_clipped_pixels_are_as_their_white_level_tells(tmp_path):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    found, decoder = raw_burst(tmp_path, 0.05 * GREY), shared()
    seen, balance = read_burst(found), decoder.header(tmp_path / "1.dng").white_balance
    alone = [decoder.picture(path, white_balance=balance)[0].transpose(2, 0, 1) for path in found.frames]
    assert np.array_equal(seen.samples, alone)


@pytest.mark.parametrize(("kind", "kept"), [("linear", 1.0), ("bayer", DEMOSAICED)])
def test_a_burst_knows_the_noise_that_all_its_raw_frames_state(tmp_path, kind, kept):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    profile = [3 * SHOT_NOISE, 3 * READ_NOISE]
    found = raw_burst(tmp_path, 0.05 * GREY / GREY.max(), kind=kind, neutral=(1.0, 1.0, 1.0), profile=profile)
    assert read_burst(found).coding.noise_level == pytest.approx(3.0 * kept, rel=1e-3)
    write_dng(tmp_path / "1.dng", 0.2 * GREY, seconds=4 / 500, kind=kind)
    assert read_burst(found).coding.noise_level is None


def lit(folder, curve, gains=(1.0, 1.0, 1.0), off=0.0):
    """Three JPEGs of one scene by `curve`, the first with another white balance or exposure than the others."""
    folder.mkdir()
    for index in range(3):
        scene = radiance(3, 120, 160) * 0.8
        if index == 0:
            scene = scene * np.array(gains, np.float32)[:, None, None] * 2.0**off
        code = curve(np.clip(scene * 4.0**index, 0.0, 1.0))
        write_frame(folder / f"{index}.jpg", code, seconds=0.01 * 4**index, iso=100, aperture=8, taken=index)
    return find_burst(folder)


def s_curve(linear):
    code = linear ** (1 / 2.2)
    return 0.4 * code + 0.6 * (3 * code**2 - 2 * code**3)


def test_a_tone_curve_is_undone_and_said(tmp_path):
    found = lit(tmp_path / "b", s_curve)
    plain, seen = (read_burst(found, curve=curve) for curve in ("gamma", "auto"))
    spread = [np.log2(b.radiance[1] / b.radiance[0])[(b.ldr[:2] > 0.2).all(0) & (b.ldr[:2] < 0.9).all(0)]
              for b in (plain.burst(), seen.burst())]  # fmt: skip
    assert np.abs(spread[0]).mean() > 0.3
    assert np.abs(spread[1]).mean() < 0.1
    assert any("the response is taken to be the camera's curve" in note for note in seen.notes)
    assert not any("the pictures say" in note for note in seen.notes)
    assert plain.coding == Coding(None, quality=plain.coding.quality)
    assert plain.coding.quality > 0
    assert seen.coding.edges.shape == (3, 257)


def test_a_tone_curve_of_sixteen_bits_is_undone_and_said(tmp_path):
    for index in range(3):
        write_frame(tmp_path / f"{index}.tif", s_curve((radiance(3, 120, 160) * 0.8 * 4.0**index).clip(0, 1)), 16)
    (tmp_path / "exposure.txt").write_text("0\n2\n4\n")
    plain, seen = (read_burst(find_burst(tmp_path), curve=curve) for curve in ("gamma", "auto"))
    assert "the response is taken to be the camera's curve" in seen.notes[0]
    assert any("the pictures say" in note for note in plain.notes)
    assert not any("the pictures say" in note for note in seen.notes)
    assert seen.coding == Coding()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_profile_hides_neither_the_tone_curve_nor_the_white_of_eight_bits(tmp_path, suffix):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name, curve in (("curve", s_curve), ("white", lambda light: light ** (1 / 2.2) * 245 / 255)):
        folder = tmp_path / name
        folder.mkdir()
        for index in range(3):
            code = curve((radiance(3, 120, 160) * 0.8 * 4.0**index).clip(0.0, 1.0))
            picture = Image.fromarray(np.rint(code.transpose(1, 2, 0) * 255).astype(np.uint8))
            picture.save(folder / f"{index}{suffix}", icc_profile=srgb)
        (folder / "exposure.txt").write_text("0\n2\n4\n")
    curved, white = (read_burst(find_burst(tmp_path / name), curve="auto").notes[0] for name in ("curve", "white"))
    assert "the response is taken to be the camera's curve" in curved
    assert "frames clip at code 24" in white


def test_exposures_are_not_refused_for_a_dark_thing_that_alone_can_be_compared(tmp_path):
    """The longest frame is clipped but for a coat that was not there before."""
    light = np.full((3, 64, 96), 0.2) * np.exp2(0.3 * np.random.default_rng(0).normal(size=(64, 96)))
    later = light.clip(0.13) * 8
    later[:, 16:48, 30:66] = 0.02
    folder = tmp_path / "b"
    folder.mkdir()
    for index, frame in enumerate((light, later)):
        write_frame(folder / f"{index}.png", frame.clip(0, 1) ** (1 / 2.2), 16)
    (folder / "exposure.txt").write_text("0\n3\n")
    assert read_burst(find_burst(folder)).ev == (0.0, 3.0)


def test_raw_frames_whose_orientation_tags_disagree_stand_alike(tmp_path):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    light = np.kron(np.random.default_rng(0).random((3, 8, 12)) * 0.2 + 0.02, np.ones((8, 8)))
    for index, tag in enumerate((1, 1, 6)):
        write_dng(tmp_path / f"{index}.dng", light * 2.0**index, seconds=2.0**index / 500, orientation=tag)
    seen = read_burst(find_burst(tmp_path))
    assert seen.samples.shape == (3, 3, 64, 96)
    assert any("orientation 6 is not that of the other frames" in note for note in seen.notes)
    assert np.corrcoef(seen.samples[1].ravel(), seen.samples[2].ravel())[0, 1] > 0.9


def test_a_white_below_the_highest_code_is_taken_for_white_and_said(tmp_path):
    seen = read_burst(lit(tmp_path / "b", lambda x: x ** (1 / 2.2) * 245 / 255), curve="auto")
    assert "frames clip at code 24" in seen.notes[0]
    assert (seen.burst().ldr[2] == 1.0).mean() > 0.05


def test_white_is_looked_for_where_no_exposure_is_recorded_too(tmp_path):
    folder = write_burst(tmp_path / "b", radiance(3, 120, 160), (0.0, 1.5, 3.0), text=False)
    for path in folder.iterdir():
        samples = cv2.imread(str(path), cv2.IMREAD_UNCHANGED) / 65535
        cv2.imwrite(str(path), np.rint(samples * 240).astype(np.uint8))
    seen = read_burst(find_burst(folder), curve="auto")
    assert seen.source == "estimate"
    assert seen.ev == pytest.approx((0.0, 1.5, 3.0), abs=0.1)
    assert any("frames clip at code 2" in note for note in seen.notes)


def test_slips_of_exposure_and_white_balance_are_said(tmp_path):
    slip = read_burst(lit(tmp_path / "a", lambda x: x ** (1 / 2.2), off=0.25), curve="auto")
    assert "'0.jpg' is exposed +0.2" in slip.notes[0]
    tint = read_burst(lit(tmp_path / "b", lambda x: x ** (1 / 2.2), gains=(0.8, 1.0, 1.2)), curve="auto")
    assert "'0.jpg' has another white balance than '1.jpg'" in tint.notes[0]


def test_files_are_read_as_they_are_unless_asked(tmp_path):
    found = lit(tmp_path / "b", s_curve)
    assert read_burst(found).samples.dtype == np.uint8
    assert read_burst(found).ev == found.ev
