"""Colour spaces: pictures of another than sRGB show the same colours as those in sRGB."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from hdrpipe.files.pictures.images import read_picture

LARGE = 2**20
P3_D50 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
SRGB_D50 = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def fixed(numbers):
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def profile(colourants, curve):
    """A matrix profile: colourants (3, 3), one a column, and the element of its curve."""
    tags = [
        (name, b"XYZ \0\0\0\0" + fixed(column))
        for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colourants.T, strict=True)
    ]
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    tags += [
        (b"wtpt", b"XYZ \0\0\0\0" + fixed((0.9642, 1.0, 0.8249))),
        (b"desc", b"desc\0\0\0\0\0\0\0\2p\0" + bytes(79)),
    ]
    place, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags:
        value += b"\0" * (-len(value) % 4)
        table += name + struct.pack(">II", place + len(body), len(value))
        body += value
    head = struct.pack(">I4xI4s4s4s12x4s28x", place + len(body), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return (head + fixed((0.9642, 1.0, 0.8249))).ljust(128, b"\0") + table + body


def power(gamma):
    return struct.pack(">4s4xIH", b"curv", 1, round(gamma * 256))


def points(curve, count=1024):
    return struct.pack(f">4s4xI{count}H", b"curv", count, *np.rint(curve(np.linspace(0, 1, count)) * 65535).astype(int))


def para(kind, numbers):
    return struct.pack(">4s4xHxx", b"para", kind) + fixed(numbers)


def srgb(codes):
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


CURVES = {
    "power": (power(1.8), lambda codes: codes ** (461 / 256)),
    "table": (points(srgb), srgb),
    "straight": (struct.pack(">4s4xI", b"curv", 0), lambda codes: codes),
    "para 0": (para(0, (2.4,)), lambda codes: codes**2.4),
    "para 1": (para(1, (2.0, 1.1, -0.1)), lambda codes: np.maximum(1.1 * codes - 0.1, 0) ** 2),
    "para 2": (para(2, (2.0, 0.9, 0.0, 0.1)), lambda codes: (0.9 * codes) ** 2 + 0.1),
    "para 3": (para(3, SRGB_CURVE), srgb),
    "para 4": (para(4, (*SRGB_CURVE, 0.0, 0.0)), srgb),
}


@pytest.fixture
def linear():
    """Linear sRGB (H, W, 3) of muted colours, which every larger space holds."""
    return cv2.GaussianBlur(np.random.default_rng(0).random((40, 48, 3)), (0, 0), 3) * 1.2 - 0.1


def codes_for(curve, values):
    known = np.linspace(0, 1, 20001)
    return np.interp(values, curve(known), known)


def stored(path, codes, icc):
    if path.suffix == ".tif":
        samples = np.rint(codes * 65535).astype(np.uint16)
        tifffile.imwrite(path, samples, photometric="rgb", iccprofile=icc)
    else:
        Image.fromarray(np.rint(codes * 255).astype(np.uint8)).save(path, icc_profile=icc, quality=100, subsampling=0)
    return read_picture(path, LARGE)


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_a_wide_space_with_any_curve_shows_the_same_colours(tmp_path, linear, name, suffix):
    element, curve = CURVES[name]
    wide = np.clip(linear @ np.linalg.solve(P3_D50, SRGB_D50).T, 0, 1)
    picture, info = stored(tmp_path / f"p.{suffix}", codes_for(curve, wide), profile(P3_D50, element))
    shown = picture.transpose(1, 2, 0) ** 2.2 @ np.reshape(info.matrix, (3, 3)).T
    assert np.abs(shown - linear).max() < {"tif": 0.002, "png": 0.02, "jpg": 0.06}[suffix]


def test_srgb_and_gamma_are_as_without_a_profile(tmp_path, linear):
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    codes = linear ** (1 / 2.2)
    for icc in (profile(SRGB_D50, power(2.2)), None):
        picture, info = stored(tmp_path / "p.png", codes, icc)
        assert (info.dtype, info.matrix) == ("uint8", None)
        assert np.array_equal(picture.transpose(1, 2, 0) * 255, np.rint(codes * 255))
    bare = stored(tmp_path / "p.jpg", codes, None)
    for icc in (made, profile(SRGB_D50, para(3, SRGB_CURVE))):
        picture, info = stored(tmp_path / "p.jpg", codes, icc)
        assert (info.dtype, info.matrix) == ("uint8", None)
        assert np.array_equal(picture, bare[0])


def test_the_curve_of_srgb_counts_where_no_camera_laid_its_own_over_it(tmp_path, linear):
    picture, info = stored(tmp_path / "p.tif", codes_for(srgb, linear), profile(SRGB_D50, para(3, SRGB_CURVE)))
    assert info.matrix is None
    assert np.abs(picture.transpose(1, 2, 0) ** 2.2 - linear).max() < 1e-4


def with_chunks(path, codes, *chunks):
    """A 16-bit PNG with chunks more behind its header."""
    cv2.imwrite(str(path), np.rint(codes[..., ::-1] * 65535).astype(np.uint16))
    data = path.read_bytes()
    made = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    ]
    path.write_bytes(data[:33] + b"".join(made) + data[33:])
    return read_picture(path, LARGE)


@pytest.mark.parametrize("gamma", [1.0, 1 / 1.8, 1 / 2.2])
def test_a_png_may_tell_its_gamma_and_primaries(tmp_path, linear, gamma):
    light = np.clip(linear @ np.linalg.solve(P3_D50, SRGB_D50).T, 0, 1)
    xy = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
    chunks = [
        (b"gAMA", struct.pack(">I", round(gamma * 1e5))),
        (b"cHRM", struct.pack(">8I", *(round(v * 1e5) for v in xy))),
    ]
    picture, info = with_chunks(tmp_path / "p.png", light**gamma, *chunks)
    shown = picture.transpose(1, 2, 0) ** 2.2 @ np.reshape(info.matrix, (3, 3)).T
    assert np.abs(shown - linear).max() < 0.002


BT2020 = np.array([[0.62740, 0.32928, 0.04331], [0.06910, 0.91954, 0.01136], [0.01639, 0.08801, 0.89559]])
"""From linear sRGB (ITU-R BT.2087, annex 2)."""


def hlg(codes):
    return np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - 0.55991073) / 0.17883277) + 0.28466892) / 12)


def pq(codes):
    """Light of PQ codes, 1 at 100 cd/m2 (SMPTE ST 2084)."""
    root = codes ** (32 / 2523)
    return 100 * (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (16384 / 2610)


@pytest.mark.parametrize(
    ("said", "matrix", "curve"),
    [
        (bytes([12, 13, 0, 1]), np.linalg.solve(P3_D50, SRGB_D50), srgb),
        (bytes([9, 18, 0, 1]), BT2020, hlg),
        (bytes([9, 16, 0, 1]), BT2020, pq),
        (bytes([1, 8, 0, 1]), np.eye(3), lambda codes: codes),
        (bytes([1, 13, 0, 0]), np.eye(3), lambda codes: srgb(np.clip((codes * 255 - 16) / 219, 0, 1))),
    ],
    ids=["P3", "HLG", "PQ", "linear", "narrow"],
)
def test_code_points_of_a_png_count_before_all_else(tmp_path, linear, said, matrix, curve):
    light = np.clip(linear @ matrix.T, 0, 1)
    others = [(b"gAMA", struct.pack(">I", 30000)), (b"sRGB", b"\0")]
    picture, info = with_chunks(tmp_path / "p.png", codes_for(curve, light), (b"cICP", said), *others)
    back = np.eye(3) if info.matrix is None else np.reshape(info.matrix, (3, 3))
    assert np.abs(picture.transpose(1, 2, 0) ** 2.2 @ back.T - linear).max() < 0.003


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"cICP", bytes([9, 2, 0, 1]))],
        [(b"cICP", bytes([9, 16, 0]))],
        [(b"gAMA", struct.pack(">I", 100000)), (b"sRGB", b"\0")],
        [(b"gAMA", struct.pack(">I", 0))],
        [(b"gAMA", struct.pack(">I", 45455)), (b"cHRM", bytes(32))],
        [(b"cHRM", struct.pack(">8I", *[31270, 32900] * 4))],
    ],
)
def test_chunks_that_tell_nothing_change_nothing(tmp_path, linear, chunks):
    codes = linear.clip(0, 1)
    picture, info = with_chunks(tmp_path / "p.png", codes, *chunks)
    assert info.matrix is None
    assert np.abs(picture.transpose(1, 2, 0) - codes).max() < 1e-4


@pytest.mark.parametrize("said", ["R03", "colour space 2"])
def test_exif_may_say_adobe_rgb(tmp_path, linear, said):
    picture = Image.fromarray(np.rint(linear ** (1 / 2.2) * 255).astype(np.uint8))
    exif = Image.Exif()
    if said == "R03":
        exif.get_ifd(0x8769)[0xA001] = 65535
        exif.get_ifd(0xA005)[1] = "R03"
        exif.get_ifd(0x8769)[0xA005] = exif.get_ifd(0xA005)
    else:
        exif.get_ifd(0x8769)[0xA001] = 2
    picture.save(tmp_path / "p.jpg", quality=100, subsampling=0, exif=exif)
    _, info = read_picture(tmp_path / "p.jpg", LARGE)
    assert np.allclose(np.reshape(info.matrix, (3, 3)) @ (1, 1, 1), 1, atol=1e-3)
    assert info.matrix[0] == pytest.approx(1.398, abs=0.002)  # Adobe RGB to sRGB, red


@pytest.mark.parametrize(
    "icc",
    [b"no profile", profile(P3_D50, power(2.2))[:150], profile(P3_D50, b"curv" * 3)],
    ids=["text", "cut", "a curve that is cut"],
)
def test_a_profile_that_cannot_be_read_changes_nothing(tmp_path, linear, icc):
    _, info = stored(tmp_path / "p.png", linear ** (1 / 2.2), icc)
    assert (info.dtype, info.matrix) == ("uint8", None)


def of_tables(name, kind=b"RGB "):
    """The frame of a profile of tables: its name alone."""
    text = b"mluc\0\0\0\0" + struct.pack(">3I2s2s2I", 1, 12, 28, b"en"[:2], b"US", 0, 28) + name.encode("utf-16-be")
    head = struct.pack(">I4xI4s4s4s12x4s", 200, 0x04200000, b"scnr", kind, b"Lab ", b"acsp").ljust(128, b"\0")
    table = struct.pack(">I4sII4sII", 2, b"desc", 156, len(text), b"A2B0", 156 + len(text), 0)
    return head + table + text


@pytest.mark.parametrize("icc", [of_tables("Scanner"), b"no profile"], ids=["tables", "text"])
@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_a_profile_that_is_passed_over_is_said(tmp_path, linear, suffix, icc):
    _, info = stored(tmp_path / f"p.{suffix}", linear ** (1 / 2.2), icc)
    assert info.notes == (
        "its colour profile is none of a matrix and curves, as those of scanners and printers: it is passed over",
    )
    assert stored(tmp_path / f"bare.{suffix}", linear ** (1 / 2.2), None)[1].notes == ()


def test_a_profile_of_tables_that_is_named_srgb_is_that(tmp_path, linear):
    picture, info = stored(tmp_path / "p.tif", codes_for(srgb, linear), of_tables("sRGB v4 ICC preference"))
    assert (info.matrix, info.notes) == (None, ())
    assert np.abs(picture.transpose(1, 2, 0) ** 2.2 - linear).max() < 1e-4


@pytest.mark.parametrize("ends", [0.9, 1.1])
@pytest.mark.parametrize("suffix", ["tif", "png", "jpg"])
def test_what_has_the_largest_code_is_white_wherever_a_profile_puts_it(tmp_path, linear, suffix, ends):
    """Else what the camera clipped would not count as clipped, or what it did not clip would."""

    def curve(codes):
        return (ends**0.5 * codes) ** 2

    codes = codes_for(curve, linear.clip(0, ends))
    codes[:8] = 1.0
    picture, info = stored(tmp_path / f"p.{suffix}", codes, profile(SRGB_D50, para(2, (2.0, ends**0.5, 0.0, 0.0))))
    assert picture[:, :4].min() > 0.999
    assert info.matrix[0] == pytest.approx(ends, abs=0.01)
    shown = picture.transpose(1, 2, 0) ** 2.2 @ np.reshape(info.matrix, (3, 3)).T
    assert np.abs(shown - linear)[16:].max() < {"tif": 0.002, "png": 0.02, "jpg": 0.06}[suffix]


def lightness(codes):
    """Linear values of L* / 100 (ISO 11664-4)."""
    return np.where(codes > 0.08, ((100 * codes + 16) / 116) ** 3, 100 * codes / 903.2963)


@pytest.mark.parametrize(("connection", "curve"), [(b"XYZ ", lambda codes: codes), (b"Lab ", lightness)])
def test_profiles_of_grey_pictures_have_one_curve(tmp_path, connection, curve):
    tags = [(b"kTRC", struct.pack(">4s4xI", b"curv", 0))]
    head = struct.pack(">I4xI4s4s4s12x4s", 156, 0x02400000, b"mntr", b"GRAY", connection, b"acsp").ljust(128, b"\0")
    icc = head + struct.pack(">I4sII", 1, b"kTRC", 144, 12) + tags[0][1]
    ramp = np.linspace(0, 1, 256)
    Image.fromarray(np.rint(ramp * 255).astype(np.uint8)[None].repeat(4, 0)).save(tmp_path / "p.png", icc_profile=icc)
    picture, _ = read_picture(tmp_path / "p.png", LARGE)
    assert np.abs(picture[:, 0] ** 2.2 - curve(ramp)).max() < 0.001
    assert io.BytesIO(icc).read(4) == struct.pack(">I", 156)
