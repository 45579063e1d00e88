"""R35: pictures that are half there, pages, other colours, alpha, windows: read rightly, or refused."""

import io
import struct

import colour
import numpy as np
import OpenEXR
import pytest
import tifffile
from camera_files import frames, radiance, write_burst
from campaign import dice
from PIL import Image, ImageCms

from hdrpipe.datasets.bursts import find_burst
from hdrpipe.datasets.reading import read_burst, read_truth
from hdrpipe.errors import InputError
from hdrpipe.files.pictures.decoder import Decoder
from hdrpipe.files.pictures.images import decode

LARGE = 2**20
NOISE = np.random.default_rng(0).integers(-20, 20, (96, 128, 3))
RGB = (np.rint(frames(radiance(0, 96, 128))[1].transpose(1, 2, 0) * 255) + NOISE).clip(0, 255).astype(np.uint8)
GREY = RGB[..., 1]


@pytest.fixture(scope="module")
def decoder():
    made = Decoder()
    yield made
    made.close()


def jpeg(**options):
    stream = io.BytesIO()
    Image.fromarray(RGB).save(stream, "JPEG", quality=92, **options)
    return stream.getvalue()


def without_jfif(data, more=b""):
    return data[:2] + more + data[4 + int.from_bytes(data[4:6], "big") :]


def scan_parameters(data):
    """Another last coefficient than the 63 of every baseline scan."""
    at = data.index(b"\xff\xda") + 2
    at += int.from_bytes(data[at : at + 2], "big") - 2
    return data[:at] + b"\x3e" + data[at + 1 :]


ODDITIES = {
    "none": (lambda data: data, ""),
    "JFIF version": (lambda data: data.replace(b"JFIF\0\1", b"JFIF\0\x09", 1), "unknown JFIF revision"),
    "Adobe transform": (lambda data: without_jfif(data, b"\xff\xee\0\x0eAdobe\0d\0\0\0\0\x07"), "Unknown Adobe color"),
    "scan parameters": (scan_parameters, "Invalid SOS parameters"),
}
KINDS = {"baseline": {}, "progressive": {"progressive": True}, "restarts": {"restart_marker_blocks": 4}}


PAIRS = [(kind, odd) for kind in KINDS for odd in ODDITIES if (kind, odd) != ("progressive", "scan parameters")]
"""Only sequential scans have fixed parameters."""


@pytest.mark.parametrize(("kind", "odd"), PAIRS)
def test_a_cut_jpeg_is_refused_whatever_else_the_decoder_warns_of(tmp_path, decoder, kind, odd, count):
    """libjpeg tells its first warning alone: an odd header hid that the rest was missing."""
    path, (make, words) = tmp_path / "p.jpg", ODDITIES[odd]
    path.write_bytes(jpeg(**KINDS[kind]))
    wanted, _ = decoder.picture(path)
    data = make(path.read_bytes())
    path.write_bytes(data)
    samples, info = decoder.picture(path)
    assert np.array_equal(samples, wanted)
    assert [words in note for note in info.notes] == [True] * bool(words)
    for at in sorted(dice("R35", kind, odd).sample(range(len(data) // 3, len(data) - 2), 6)):
        path.write_bytes(data[:at])
        with pytest.raises(InputError, match=r"p\.jpg"):
            decoder.picture(path)
        count("R35")


def damaged(data, at):
    return data[:at] + bytes(64) + data[at + 64 :]


@pytest.mark.parametrize("odd", ODDITIES)
def test_damage_behind_an_odd_header_is_refused(tmp_path, decoder, odd, count):
    path, (make, _) = tmp_path / "p.jpg", ODDITIES[odd]
    data = make(jpeg())
    for at in (len(data) // 2, len(data) * 3 // 4):
        path.write_bytes(damaged(data, at))
        with pytest.raises(InputError, match="cut short or damaged"):
            decoder.picture(path)
        count("R35")


def alpha(level):
    """Full alpha but for a strip; a number is alpha everywhere."""
    plane = np.full(GREY.shape, 255 if level == "strip" else level, np.uint8)
    if level == "strip":
        plane[:, :20] = 128
    return plane


def premultiplied(plane, level):
    return np.rint(plane * (alpha(level).reshape(*GREY.shape, *[1] * (plane.ndim - 2)) / 255)).astype(np.uint8)


def rgba(kind, level):
    colours = premultiplied(RGB, level) if kind == "assocalpha" else RGB
    return lambda path: tifffile.imwrite(
        path, np.dstack([colours, alpha(level)]), photometric="rgb", extrasamples=[kind]
    )


def grey_alpha(kind, level):
    grey = premultiplied(GREY, level) if kind == "assocalpha" else GREY
    return lambda path: tifffile.imwrite(
        path, np.dstack([grey, alpha(level)]), photometric="minisblack", extrasamples=[kind]
    )


def pages(*pictures):
    def write(path):
        with tifffile.TiffWriter(path) as tiff:
            for picture, reduced in pictures:
                tiff.write(picture, photometric="rgb", subfiletype=int(reduced))

    return write


def lab(path):
    spaces = [ImageCms.createProfile(name) for name in ("sRGB", "LAB")]
    ImageCms.applyTransform(Image.fromarray(RGB), ImageCms.buildTransform(*spaces, "RGB", "LAB")).save(path)


def pillow(picture, **options):
    return lambda path: picture.save(path, **options)


PICTURE = Image.fromarray(RGB)
THREE = np.repeat(GREY[..., None], 3, axis=2)
QUANTISED = {colours: PICTURE.quantize(colours) for colours in (2, 16, 200)}
ONE_BIT = PICTURE.convert("1")

READ = {
    "second page reduced": (pages((RGB, 0), (RGB[::2, ::2], 1)), RGB, ""),
    "first page reduced": (pages((RGB[::2, ::2], 1), (RGB, 0)), RGB, ""),
    "two pages": (pages((RGB, 0), (255 - RGB, 0)), RGB, "page 1 of 2"),
    "larger page": (pages((RGB[:20], 0), (RGB, 0), (RGB[:30], 0)), RGB, "page 2 of 3"),
    **{f"palette of {n}": (pillow(q), np.asarray(q.convert("RGB")), "") for n, q in QUANTISED.items()},
    "one bit": (pillow(ONE_BIT, compression="group4"), np.asarray(ONE_BIT.convert("RGB")), ""),
    "bright is zero": (lambda p: tifffile.imwrite(p, 255 - GREY, photometric="miniswhite"), THREE, ""),
    "planes": (
        lambda p: tifffile.imwrite(p, RGB.transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
        RGB,
        "",
    ),
    "premultiplied": (rgba("assocalpha", "strip"), RGB, ""),
    "alpha": (rgba("unassalpha", "strip"), RGB, ""),
    "no alpha": (rgba("unspecified", "strip"), RGB, ""),
    "full alpha": (rgba("assocalpha", 255), RGB, ""),
    "grey with alpha": (grey_alpha("unassalpha", "strip"), THREE, ""),
}
REFUSED = {
    "L*a*b*": (lab, r"L\*a\*b\*"),
    "nowhere opaque": (rgba("assocalpha", 128), "nowhere opaque"),
    "transparent": (rgba("assocalpha", 0), "nowhere opaque"),
    "alpha of zero": (rgba("unassalpha", 0), "nowhere opaque"),
    "premultiplied grey": (grey_alpha("assocalpha", "strip"), "grey multiplied by alpha"),
    "ICC L*a*b*": (lambda p: tifffile.imwrite(p, RGB, photometric="icclab"), r"L\*a\*b\*"),
}


@pytest.mark.parametrize("name", READ)
def test_a_tiff_is_read_rightly(tmp_path, name, count):
    write, wanted, remark = READ[name]
    write(tmp_path / "p.tif")
    samples, info = decode(tmp_path / "p.tif", LARGE)
    opaque = np.ones(GREY.shape, bool) if info.opaque is None else info.opaque
    assert opaque[:, 20:].all()
    assert np.array_equal(samples[opaque], wanted[opaque])
    assert [remark in note for note in info.notes] == [True] * bool(remark)
    count("R35")


@pytest.mark.parametrize("name", REFUSED)
def test_a_tiff_of_other_colours_is_refused(tmp_path, name, count):
    write, words = REFUSED[name]
    write(tmp_path / "p.tif")
    with pytest.raises(InputError, match=words):
        decode(tmp_path / "p.tif", LARGE)
    count("R35")


def write_exr(path, planes, **header):
    fixed = {"compression": OpenEXR.NO_COMPRESSION, "type": OpenEXR.scanlineimage}
    channels = {name: np.ascontiguousarray(plane) for name, plane in planes.items()}
    OpenEXR.File({**fixed, **header}, channels).write(str(path))
    return path


def scan_lines(path):
    """Channel -> values of an uncompressed file: another reader, by the layout of the format alone."""
    data, place, attributes = path.read_bytes(), 8, {}
    while data[place]:
        name, kind, place = *(part.decode() for part in data[place:].split(b"\0", 2)[:2]), place
        place += len(name) + len(kind) + 2
        size = struct.unpack_from("<i", data, place)[0]
        attributes[name], place = data[place + 4 : place + 4 + size], place + 4 + size
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"])
    kinds, rest = {}, attributes["channels"]
    while rest[0]:
        name, rest = rest.split(b"\0", 1)
        kinds[name.decode()], rest = ("<u4", "<f2", "<f4")[rest[0]], rest[16:]
    planes = {name: np.empty((bottom - top + 1, right - left + 1), kind) for name, kind in kinds.items()}
    for offset in struct.unpack_from(f"<{bottom - top + 1}q", data, place + 1):
        row, at = struct.unpack_from("<i", data, offset)[0] - top, offset + 8
        for plane in planes.values():
            plane[row] = np.frombuffer(data, plane.dtype, plane.shape[1], at)
            at += plane[row].nbytes
    return planes


LIGHT = dict(zip("RGB", 100.0 * radiance(1), strict=True))


@pytest.mark.parametrize("kinds", ["fff", "eee", "III", "efI", "Ief"])
def test_numbers_of_an_exr_are_those_that_another_reader_finds(tmp_path, kinds, count):
    types = {"f": np.float32, "e": np.float16, "I": np.uint32}
    planes = {
        n: (70000 * v if t == "I" else v).astype(types[t]) for (n, v), t in zip(LIGHT.items(), kinds, strict=True)
    }
    path = write_exr(tmp_path / "p.exr", planes)
    samples, info = decode(path, LARGE)
    others = scan_lines(path)
    assert info.dtype == ("float16" if kinds == "eee" else "float32")
    for index, name in enumerate("RGB"):
        assert np.array_equal(others[name], planes[name])
        assert np.array_equal(samples[..., index], others[name].astype(np.float32))
    count("R35")


def test_the_display_window_of_an_exr_is_its_picture(tmp_path, count):
    display = ((2, 1), (61, 44))
    path = write_exr(tmp_path / "p.exr", LIGHT, dataWindow=((0, 0), (63, 47)), displayWindow=display)
    samples, info = decode(path, LARGE)
    whole = np.stack([LIGHT[name] for name in "RGB"], axis=-1)
    assert np.array_equal(samples, whole[1:45, 2:62])
    assert "60 x 44 pixels of its display window" in info.notes[0]
    path = write_exr(tmp_path / "moved.exr", LIGHT, dataWindow=((5, 7), (68, 54)), displayWindow=((5, 7), (68, 54)))
    assert np.array_equal(decode(path, LARGE)[0], whole)
    for corner in ((1, 0), (0, 1), (-1, 0), (0, -1)):
        data = (corner, (63 + corner[0], 47 + corner[1]))
        path = write_exr(tmp_path / "short.exr", LIGHT, dataWindow=data, displayWindow=((0, 0), (63, 47)))
        with pytest.raises(InputError, match="does not fill its display window"):
            decode(path, LARGE)
    count("R35", 6)


SPACES = {"BT.709": "ITU-R BT.709", "BT.2020": "ITU-R BT.2020", "P3": "DCI-P3", "AP0": "ACES2065-1", "AP1": "ACEScg"}


def chromaticities(space):
    return tuple(float(number) for number in [*np.ravel(space.primaries), *space.whitepoint])


@pytest.mark.parametrize("name", SPACES)
def test_primaries_of_a_truth_become_those_of_the_frames(tmp_path, name, count):
    """Against the matrices of colour-science, white adapted by Bradford's transform."""
    space, srgb = (colour.RGB_COLOURSPACES[key] for key in (SPACES[name], "sRGB"))
    there = np.linalg.inv(colour.matrix_RGB_to_RGB(space, srgb, "Bradford"))
    assert_truth_is_read(tmp_path, there, chromaticities(space))
    count("R35")


def test_a_truth_in_xyz_is_not_taken_for_rgb(tmp_path, count):
    to_xyz = colour.RGB_COLOURSPACES["sRGB"].matrix_RGB_to_XYZ
    assert_truth_is_read(tmp_path, to_xyz, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1 / 3, 1 / 3))
    count("R35")


def assert_truth_is_read(folder, matrix, numbers):
    """A truth that was turned by `matrix` and says so reads as if it had not been."""
    write_burst(folder / "burst")
    turned = np.einsum("ij,jhw->ihw", matrix, radiance())
    planes = {n: plane.astype(np.float32) for n, plane in zip("RGB", turned, strict=True)}
    path = write_exr(folder / "truth.exr", planes, chromaticities=numbers)
    truth, scale = read_truth(path, read_burst(find_burst(folder / "burst")).burst())
    assert scale == "min-ev"
    assert np.abs(truth - radiance()).max() < 2e-3


def test_primaries_are_those_of_the_frames_where_these_are_others(tmp_path, count):
    write_burst(tmp_path / "burst")
    bt2020, p3 = (colour.RGB_COLOURSPACES[key] for key in ("ITU-R BT.2020", "Display P3"))
    srgb = colour.RGB_COLOURSPACES["sRGB"]
    turned = np.einsum("ij,jhw->ihw", colour.matrix_RGB_to_RGB(p3, bt2020, None), radiance())
    planes = {n: plane.astype(np.float32) for n, plane in zip("RGB", turned, strict=True)}
    path = write_exr(tmp_path / "truth.exr", planes, chromaticities=chromaticities(bt2020))
    matrix = colour.matrix_RGB_to_RGB(p3, srgb, None).astype(np.float32)
    truth, _ = read_truth(path, read_burst(find_burst(tmp_path / "burst")).burst(), "min-ev", matrix=matrix)
    assert np.abs(truth - radiance()).max() < 2e-3
    count("R35")


@pytest.mark.parametrize(
    "numbers", [(0.0,) * 8, (0.3, 0.3) * 4, (float("nan"),) * 8, (0.6, 0.3, 0.3, 0.6, 0.1, 0.1, 0.0, 0.0)]
)
def test_primaries_that_are_none_are_refused(tmp_path, numbers, count):
    path = write_exr(tmp_path / "p.exr", {n: v.astype(np.float32) for n, v in LIGHT.items()}, chromaticities=numbers)
    with pytest.raises(InputError, match="has invalid primaries"):
        decode(path, LARGE)
    count("R35")


def test_luminance_and_chroma_are_not_taken_for_grey(tmp_path, count):
    planes = dict(zip(("Y", "RY", "BY"), LIGHT.values(), strict=True))
    with pytest.raises(InputError, match="has no channel 'R'"):
        decode(write_exr(tmp_path / "p.exr", planes), LARGE)
    count("R35")
