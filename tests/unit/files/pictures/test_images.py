import io
import os

import cv2
import numpy as np
import OpenEXR
import pytest
import tifffile
from bombs import BOMBS
from PIL import Image

from hdrpipe.errors import InputError, UsageError
from hdrpipe.files.pictures import headers
from hdrpipe.files.pictures.images import jpeg_bytes, png_bytes, read_picture, upright

LARGE = 2**24


@pytest.fixture
def rgb():
    """(H, W, 3) in [0, 1] with a channel order that a swap would show."""
    y, x = np.mgrid[:13, :17]
    return np.stack([y / 12, x / 16, np.full(y.shape, 0.1)], axis=-1)


def write_exr(path, **channels):
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(str(path))


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_integers_are_divided_by_the_largest_value_of_their_type(tmp_path, rgb, suffix, dtype):
    top = np.iinfo(dtype).max
    stored = np.round(rgb * top).astype(dtype)
    cv2.imwrite(str(tmp_path / f"p.{suffix}"), stored[..., ::-1])
    picture, info = read_picture(tmp_path / f"p.{suffix}", LARGE)
    np.testing.assert_allclose(picture, stored.transpose(2, 0, 1) / top, atol=1e-7)
    assert (picture.dtype, picture.max()) == (np.float32, 1)
    assert (info.format, info.width, info.height) == ({"png": "png", "tif": "tiff"}[suffix], 17, 13)
    assert (info.dtype, info.radiance) == (np.dtype(dtype).name, False)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_tiffs_stand_upright(tmp_path, rgb, dtype, orientation, tile):
    stored = np.round(rgb * np.iinfo(dtype).max).astype(dtype)
    tags = [(274, "H", 1, orientation, True)]
    tifffile.imwrite(tmp_path / "p.tif", stored, photometric="rgb", extratags=tags, tile=tile)
    picture, info = read_picture(tmp_path / "p.tif", LARGE)
    wanted = upright(stored, orientation)
    assert (info.height, info.width) == wanted.shape[:2]
    np.testing.assert_allclose(picture, wanted.transpose(2, 0, 1) / np.iinfo(dtype).max, atol=1e-7)


@pytest.mark.parametrize("orientation", [1, 6, 8])
@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_planes_are_read(tmp_path, rgb, dtype, tile, orientation):
    """OpenCV takes those of 16 bit for interleaved samples and says nothing."""
    top = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    stored = (rgb.transpose(2, 0, 1) * top).astype(dtype)
    more = {"tile": tile, "extratags": [(274, "H", 1, orientation, True)], "compression": "zlib"}
    tifffile.imwrite(tmp_path / "p.tif", stored, photometric="rgb", planarconfig="separate", **more)
    picture, _ = read_picture(tmp_path / "p.tif", LARGE)
    wanted = upright((rgb * top).astype(dtype) / top, orientation).transpose(2, 0, 1)
    np.testing.assert_allclose(picture ** (2.2 if dtype == np.float32 else 1), wanted, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_that_is_dark_where_high_is_read(tmp_path, rgb, dtype):
    top = np.iinfo(dtype).max
    tifffile.imwrite(tmp_path / "p.tif", top - (rgb[..., 0] * top).astype(dtype), photometric="miniswhite")
    np.testing.assert_allclose(read_picture(tmp_path / "p.tif", LARGE)[0][1], rgb[..., 0], atol=1 / top)


@pytest.mark.parametrize("bits", [10, 12, 14])
@pytest.mark.parametrize("kind", ["planes", "dark where high"])
def test_planes_and_dark_where_high_of_other_depths_are_read_over_their_range(tmp_path, rgb, bits, kind):
    pytest.importorskip("imagecodecs", reason="the extra `display` is not installed")
    stored = np.round(rgb * (2**bits - 1)).astype(np.uint16)
    more = {"bitspersample": bits, "metadata": None}
    if kind == "planes":
        planes = stored.transpose(2, 0, 1)
        tifffile.imwrite(tmp_path / "p.tif", planes, photometric="rgb", planarconfig="separate", **more)
    else:
        tifffile.imwrite(tmp_path / "p.tif", 2**bits - 1 - stored[..., 0], photometric="miniswhite", **more)
    picture, _ = read_picture(tmp_path / "p.tif", LARGE)
    np.testing.assert_allclose(picture[0], stored[..., 0] / (2**bits - 1), atol=1e-4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_colours_said_to_be_grey_that_is_dark_where_high_are_refused(tmp_path, rgb, dtype):
    """What is read of a TIFF that does not name its colours."""
    tifffile.imwrite(tmp_path / "p.tif", np.round(rgb * np.iinfo(dtype).max).astype(dtype), photometric="rgb")
    with tifffile.TiffFile(tmp_path / "p.tif", mode="r+b") as file:
        file.pages[0].tags[262].overwrite(0)
    with pytest.raises(InputError, match="other colours"):
        read_picture(tmp_path / "p.tif", LARGE)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_a_tile_may_be_followed_by_bytes_more(tmp_path, rgb, dtype, planes):
    stored = np.round(rgb * np.iinfo(dtype).max).astype(dtype)
    samples = stored if planes == "contig" else stored.transpose(2, 0, 1)
    more = {"planarconfig": planes, "metadata": None}
    tifffile.imwrite(tmp_path / "p.tif", samples, photometric="rgb", tile=(16, 32), **more)
    with tifffile.TiffFile(tmp_path / "p.tif", mode="r+b") as file:
        counts = file.pages[0].tags[325]
        counts.overwrite([*file.pages[0].databytecounts[:-1], file.pages[0].databytecounts[-1] + 5])
    with (tmp_path / "p.tif").open("ab") as file:
        file.write(bytes(5))
    np.testing.assert_allclose(read_picture(tmp_path / "p.tif", LARGE)[0], rgb.transpose(2, 0, 1), atol=1 / 255)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_samples_of_an_undefined_format_are_integers(tmp_path, rgb, dtype):
    stored = np.round(rgb * np.iinfo(dtype).max).astype(dtype)
    signed = stored.view(f"i{stored.itemsize}")  # tifffile writes the tag for these
    tifffile.imwrite(tmp_path / "p.tif", signed, photometric="rgb", metadata=None)
    with tifffile.TiffFile(tmp_path / "p.tif", mode="r+b") as file:
        file.pages[0].tags[339].overwrite([4, 4, 4])
    np.testing.assert_allclose(read_picture(tmp_path / "p.tif", LARGE)[0], rgb.transpose(2, 0, 1), atol=1 / 255)


def test_a_compression_that_needs_an_extra_is_refused_with_its_name(tmp_path, rgb, monkeypatch):
    """Planes of 16 bit are not read by OpenCV, and LZW not by tifffile alone."""
    stored = np.round(rgb.transpose(2, 0, 1) * 65535).astype(np.uint16)
    tifffile.imwrite(tmp_path / "p.tif", stored, photometric="rgb", planarconfig="separate")
    error = ValueError("<COMPRESSION.LZW: 5> requires the 'imagecodecs' package")
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda _: (_ for _ in ()).throw(error))
    with pytest.raises(InputError, match=r"pip install 'hdrpipe\[display\]'"):
        read_picture(tmp_path / "p.tif", LARGE)


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_big_tiffs_are_read(tmp_path, rgb, byteorder):
    stored = np.round(rgb * 65535).astype(np.uint16)
    tifffile.imwrite(tmp_path / "p.tif", stored, photometric="rgb", bigtiff=True, byteorder=byteorder)
    np.testing.assert_allclose(read_picture(tmp_path / "p.tif", LARGE)[0], rgb.transpose(2, 0, 1), atol=1e-5)


@pytest.mark.parametrize("compression", ["zstd", "lzma", "jpeg2000", "jpegxl"])
def test_a_compression_that_opencv_does_not_know_is_read_or_refused(tmp_path, rgb, compression, monkeypatch):
    """OpenCV makes noise of some of them."""
    pytest.importorskip("imagecodecs", reason="the extra `display` is not installed")
    stored = np.round(np.kron(rgb, np.ones((4, 4, 1))) * 255).astype(np.uint8)
    tifffile.imwrite(tmp_path / "p.tif", stored, photometric="rgb", compression=compression)
    np.testing.assert_allclose(read_picture(tmp_path / "p.tif", LARGE)[0], stored.transpose(2, 0, 1) / 255, atol=0.02)
    monkeypatch.setattr(tifffile.TiffPage, "asarray", lambda _: (_ for _ in ()).throw(ValueError("no such codec")))
    with pytest.raises(InputError, match="samples cannot be decoded"):
        read_picture(tmp_path / "p.tif", LARGE)


def test_jpeg_is_read_close_to_what_was_written(tmp_path, rgb):
    (tmp_path / "p").write_bytes(jpeg_bytes(np.round(rgb * 255).astype(np.uint8), 100))
    picture, info = read_picture(tmp_path / "p", LARGE)
    assert info.format == "jpeg"
    assert np.abs(picture - rgb.transpose(2, 0, 1)).mean() < 0.02


def test_radiance_files_keep_their_values(tmp_path, rgb):
    radiance = (rgb * 40).astype(np.float32)
    cv2.imwrite(str(tmp_path / "p.hdr"), radiance[..., ::-1])
    picture, info = read_picture(tmp_path / "p.hdr", LARGE)
    assert (info.format, info.radiance, picture.shape) == ("hdr", True, (3, 13, 17))
    assert np.abs(picture - radiance.transpose(2, 0, 1)).max() <= radiance.max() / 128


def with_lines(path, *lines):
    """Lines more in the header of a Radiance file."""
    first, rest = path.read_bytes().split(b"\n", 1)
    path.write_bytes(b"\n".join([first, *lines, rest]))


def test_radiance_is_divided_by_the_exposures_of_its_header(tmp_path, rgb):
    cv2.imwrite(str(tmp_path / "p.hdr"), (rgb * 40).astype(np.float32))
    plain, _ = read_picture(tmp_path / "p.hdr", LARGE)
    with_lines(tmp_path / "p.hdr", b"EXPOSURE=4.0", b"# EXPOSURE=9", b"EXPOSURE= 0.5")
    np.testing.assert_array_equal(read_picture(tmp_path / "p.hdr", LARGE)[0], plain / 2)


@pytest.mark.parametrize("value", [b"0", b"-1", b"nan", b"inf", b"bright", b""])
def test_an_exposure_of_radiance_that_is_no_positive_number_is_refused(tmp_path, rgb, value):
    cv2.imwrite(str(tmp_path / "p.hdr"), (rgb * 40).astype(np.float32))
    with_lines(tmp_path / "p.hdr", b"EXPOSURE=" + value)
    with pytest.raises(InputError, match="EXPOSURE in its header that is no positive number"):
        read_picture(tmp_path / "p.hdr", LARGE)


def test_radiance_is_divided_by_the_colour_corrections_of_its_header(tmp_path, rgb):
    cv2.imwrite(str(tmp_path / "p.hdr"), (rgb * 40).astype(np.float32))
    plain, _ = read_picture(tmp_path / "p.hdr", LARGE)
    lines = (b"COLORCORR=1 2 4", b"EXPOSURE=2", b"COLORCORR= 0.5 1 1", b"\tCOLORCORR=9 9 9", b"GAMMA=1")
    with_lines(tmp_path / "p.hdr", *lines)
    factors = np.array([1, 4, 8], np.float32)[:, None, None]
    np.testing.assert_array_equal(read_picture(tmp_path / "p.hdr", LARGE)[0], plain / factors)


@pytest.mark.parametrize(
    ("primaries", "red"),
    [
        (b"0.68 0.32 0.265 0.69 0.15 0.06 0.3127 0.329", 1.2249),  # Display P3
        (b"0.64 0.33 0.3 0.6 0.15 0.06 0.3127 0.329", None),
        (b"1 0 0 1 0 0 0.333333 0.333333", 3.2406),  # X, Y and Z (IEC 61966-2-1, formula F.8)
    ],
)
def test_radiance_of_other_primaries_has_their_matrix(tmp_path, rgb, primaries, red):
    cv2.imwrite(str(tmp_path / "p.hdr"), (rgb * 40).astype(np.float32))
    with_lines(tmp_path / "p.hdr", b"PRIMARIES=0 0 1 0 0 1 0.3 0.3", b"PRIMARIES=" + primaries)
    _, info = read_picture(tmp_path / "p.hdr", LARGE)
    assert info.matrix is None if red is None else info.matrix[0] == pytest.approx(red, abs=2e-3)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"COLORCORR=1 2", "COLORCORR in its header that is no list of 3 numbers"),
        (b"COLORCORR=1 2 0", "COLORCORR in its header that is no list of 3 numbers"),
        (b"PRIMARIES=1 2 red", "PRIMARIES in its header that is no list of 8 numbers"),
        (b"PRIMARIES=0 0 0 0 0 0 0 0", "invalid primaries"),
        (b"GAMMA=2.2", "GAMMA other than 1"),
        (b"FORMAT=32-bit_rle_xyze", "holds X, Y and Z"),
    ],
)
def test_lines_of_a_radiance_header_that_are_not_read_are_named(tmp_path, rgb, line, words):
    cv2.imwrite(str(tmp_path / "p.hdr"), (rgb * 40).astype(np.float32))
    with_lines(tmp_path / "p.hdr", line)
    with pytest.raises(InputError, match=words):
        read_picture(tmp_path / "p.hdr", LARGE)


@pytest.mark.parametrize("order", ["+Y {} +X {}", "-Y {} -X {}", "+X {1} -Y {0}", "-X {1} +Y {0}"])
def test_radiance_that_does_not_stand_upright_is_refused_by_its_order(tmp_path, rgb, order):
    cv2.imwrite(str(tmp_path / "p.hdr"), (rgb * 40).astype(np.float32))
    data = (tmp_path / "p.hdr").read_bytes()
    (tmp_path / "p.hdr").write_bytes(data.replace(b"-Y 13 +X 17", order.format(13, 17).encode()))
    with pytest.raises(InputError, match=r"is stored in the order '[+-][XY] [+-][XY]', wanted '-Y \+X'"):
        read_picture(tmp_path / "p.hdr", LARGE)


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_openexr_files_keep_their_values(tmp_path, rgb, dtype):
    channels = {name: (rgb[..., i] * 9 - 0.01).astype(dtype) for i, name in enumerate("RGB")}
    write_exr(tmp_path / "p.exr", A=channels["R"] * 0, **channels)
    picture, info = read_picture(tmp_path / "p.exr", LARGE)
    assert (info.format, info.dtype, info.radiance) == ("exr", np.dtype(dtype).name, True)
    np.testing.assert_array_equal(picture, np.stack([channels[name] for name in "RGB"]).astype(np.float32))


def test_a_lone_luminance_channel_is_grey(tmp_path, rgb):
    write_exr(tmp_path / "p.exr", Y=rgb[..., 0].astype(np.float32))
    picture, _ = read_picture(tmp_path / "p.exr", LARGE)
    np.testing.assert_array_equal(picture, np.stack([rgb[..., 0].astype(np.float32)] * 3))


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P"])
def test_alpha_is_dropped_and_grey_replicated(tmp_path, rgb, mode):
    picture = Image.fromarray(np.round(rgb * 255).astype(np.uint8)).convert(mode)
    picture.save(tmp_path / "p.png")
    read, _ = read_picture(tmp_path / "p.png", LARGE)
    expected = np.asarray(picture.convert("RGB")).transpose(2, 0, 1) / 255
    np.testing.assert_allclose(read, expected, atol=1e-6)


def test_the_content_and_not_the_name_says_the_format(tmp_path, rgb):
    (tmp_path / "p.jpg").write_bytes(png_bytes(np.round(rgb * 255).astype(np.uint8)))
    assert read_picture(tmp_path / "p.jpg", LARGE)[1].format == "png"


@pytest.mark.parametrize("encode", [png_bytes, jpeg_bytes])
def test_pictures_for_people_are_rgb(encode):
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 200
    decoded = np.asarray(Image.open(io.BytesIO(encode(red))))
    assert np.abs(decoded.astype(int) - red).max() <= 3


@pytest.mark.parametrize("encode", [png_bytes, jpeg_bytes])
@pytest.mark.parametrize("array", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8)])
def test_what_is_no_picture_for_people_is_refused(encode, array):
    with pytest.raises(UsageError, match="uint8"):
        encode(array)


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg", "hdr"])
def test_the_pixel_limit_is_inclusive(tmp_path, rgb, suffix):
    path = tmp_path / f"p.{suffix}"
    cv2.imwrite(str(path), rgb.astype(np.float32) if suffix == "hdr" else np.round(rgb * 255).astype(np.uint8))
    assert read_picture(path, 13 * 17)[0].shape == (3, 13, 17)
    with pytest.raises(InputError, match="17 x 13 pixels"):
        read_picture(path, 13 * 17 - 1)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_by_its_header_and_never_decoded(tmp_path, monkeypatch, name):
    for module, decoder in ((cv2, "imread"), (cv2, "imreadmulti"), (OpenEXR, "File")):
        monkeypatch.setattr(module, decoder, lambda *_, **__: pytest.fail("the decoder was called"))
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("the decoder was called"))
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name])
    with pytest.raises(InputError, match=r"pixels|header") as caught:
        read_picture(path, LARGE)
    assert "\n" not in str(caught.value)


def test_what_is_no_picture_is_named_as_such(tmp_path):
    (tmp_path / "text").write_text("not a picture")
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(InputError, match="is no TIFF, PNG, JPEG, HEIC, AVIF, WebP, BMP, Radiance or OpenEXR picture"):
        read_picture(tmp_path / "text", LARGE)
    with pytest.raises(InputError, match="is empty"):
        read_picture(tmp_path / "empty", LARGE)
    with pytest.raises(InputError, match="no such file"):
        read_picture(tmp_path / "none", LARGE)
    with pytest.raises(InputError, match="not a regular file"):
        read_picture(tmp_path, LARGE)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        read_picture(tmp_path / "pipe", LARGE)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_a_tiff_are_linear_and_may_exceed_one(tmp_path, rgb, dtype):
    tifffile.imwrite(tmp_path / "p.tif", (rgb * 3 - 0.01).astype(dtype), photometric="rgb")
    picture, info = read_picture(tmp_path / "p.tif", LARGE)
    assert (info.format, info.dtype, info.radiance) == ("tiff", "float32", False)
    np.testing.assert_allclose(picture**2.2, (rgb * 3 - 0.01).clip(0).transpose(2, 0, 1), rtol=1e-3)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_of_a_tiff_may_have_alpha(tmp_path, rgb, dtype):
    alpha = np.ones(rgb.shape[:2])
    alpha[:, :4] = 0
    samples = np.dstack([rgb, alpha]).astype(dtype)
    tifffile.imwrite(tmp_path / "p.tif", samples, photometric="rgb", extrasamples=["unassalpha"], metadata=None)
    picture, info = read_picture(tmp_path / "p.tif", LARGE)
    np.testing.assert_allclose(picture**2.2, rgb.transpose(2, 0, 1), atol=1e-3)
    np.testing.assert_array_equal(info.opaque, alpha > 0)


@pytest.mark.parametrize(
    ("dtype", "words"),
    [(np.int16, "int16, wanted 8 or 16 bit"), (np.uint32, "uint32, wanted 8 or 16 bit")],
)
def test_depths_that_are_not_read_are_named(tmp_path, rgb, dtype, words):
    tifffile.imwrite(tmp_path / "p.tif", rgb.astype(dtype), photometric="rgb")
    with pytest.raises(InputError, match=words):
        read_picture(tmp_path / "p.tif", LARGE)


def test_floats_that_are_not_finite_are_refused(tmp_path, rgb):
    broken = rgb.astype(np.float32)
    broken[3, 4] = np.nan
    tifffile.imwrite(tmp_path / "p.tif", broken, photometric="rgb")
    with pytest.raises(InputError, match="not finite"):
        read_picture(tmp_path / "p.tif", LARGE)


@pytest.mark.parametrize(
    ("dtype", "orientation", "meaning"),
    [
        (np.uint8, 1, "minisblack"),
        (np.uint16, 1, "minisblack"),
        (np.uint16, 6, "minisblack"),
        (np.uint8, 1, "miniswhite"),
    ],
)
def test_grey_of_a_tiff_has_its_alpha(tmp_path, rgb, dtype, orientation, meaning):
    top = np.iinfo(dtype).max
    samples = np.dstack([np.rint(rgb[..., 0] * top), np.full(rgb.shape[:2], top)]).astype(dtype)
    samples[:4, :, 1] = 0
    tags = [(274, 3, 1, orientation, False)]
    tifffile.imwrite(
        tmp_path / "p.tif",
        samples,
        photometric=meaning,
        extrasamples=["unassalpha"],
        extratags=tags,
        metadata=None,
    )
    picture, info = read_picture(tmp_path / "p.tif", LARGE)
    turned = np.rot90(samples, -1) if orientation == 6 else samples
    grey = turned[..., 0] / top if meaning == "minisblack" else 1.0 - turned[..., 0] / top
    np.testing.assert_allclose(picture[0], grey, atol=1e-6)
    np.testing.assert_array_equal(info.opaque, turned[..., 1] > 0)


def test_selections_that_a_tiff_keeps_beside_its_colours_are_refused_by_name(tmp_path, rgb):
    samples = np.dstack([rgb, rgb[..., :2]])
    tifffile.imwrite(
        tmp_path / "p.tif",
        np.rint(samples * 255).astype(np.uint8),
        photometric="rgb",
        extrasamples=[0, 0],
        metadata=None,
    )
    with pytest.raises(InputError, match="more samples than colours and alpha; save it without extra channels"):
        read_picture(tmp_path / "p.tif", LARGE)


@pytest.mark.parametrize("orders", [(0, 1), (1, 0), (0, 1, 0)])
@pytest.mark.parametrize("told", [True, False])
def test_the_picture_of_a_tiff_is_its_full_page(tmp_path, rgb, orders, told):
    """A reduced page before or after it, which says so or not."""
    full, small = np.round(rgb * 255).astype(np.uint8), np.zeros((4, 5, 3), np.uint8)
    with tifffile.TiffWriter(tmp_path / "p.tif") as file:
        for order in orders:
            file.write((small, full)[order], photometric="rgb", subfiletype=int(told and not order))
    picture, info = read_picture(tmp_path / "p.tif", LARGE)
    assert (info.width, info.height) == (17, 13)
    np.testing.assert_allclose(picture, full.transpose(2, 0, 1) / 255, atol=1e-6)


def test_a_reduced_page_or_a_mask_is_no_picture_however_large(tmp_path, rgb):
    full = np.round(rgb * 255).astype(np.uint8)
    others = {1: np.zeros((40, 50), np.uint8), 4: np.zeros((40, 50), bool)}
    for kind, other in others.items():
        with tifffile.TiffWriter(tmp_path / f"{kind}.tif") as file:
            file.write(other, photometric="minisblack", subfiletype=kind)
            file.write(full, photometric="rgb")
        assert read_picture(tmp_path / f"{kind}.tif", LARGE)[1].width == 17


def test_of_equal_pages_the_first_is_the_picture(tmp_path, rgb):
    first = np.round(rgb * 255).astype(np.uint8)
    with tifffile.TiffWriter(tmp_path / "p.tif") as file:
        for page in (first, first[::-1]):
            file.write(page, photometric="rgb")
    np.testing.assert_allclose(read_picture(tmp_path / "p.tif", LARGE)[0], first.transpose(2, 0, 1) / 255, atol=1e-6)


def test_a_picture_that_hangs_below_a_reduced_copy_is_not_taken_for_it(tmp_path, rgb):
    full = np.round(rgb * 255).astype(np.uint8)
    with tifffile.TiffWriter(tmp_path / "p.tif") as file:
        file.write(full[:4, :5], photometric="rgb", subfiletype=1, subifds=1)
        file.write(full, photometric="rgb")
    with pytest.raises(InputError, match="reduced copy"):
        read_picture(tmp_path / "p.tif", LARGE)


def test_radiance_that_is_not_finite_is_refused(tmp_path, rgb):
    broken = rgb[..., 0].astype(np.float32)
    broken[3, 4] = np.inf
    write_exr(tmp_path / "p.exr", R=broken, G=broken, B=broken)
    with pytest.raises(InputError, match="not finite"):
        read_picture(tmp_path / "p.exr", LARGE)


def test_openexr_files_that_are_no_picture_are_named(tmp_path, rgb):
    write_exr(tmp_path / "z.exr", Z=rgb[..., 0].astype(np.float32))
    with pytest.raises(InputError, match="no channel 'R'"):
        read_picture(tmp_path / "z.exr", LARGE)
    many = {f"c{k}": np.zeros((2, 2), np.float32) for k in range(headers.CHANNELS + 1)}
    write_exr(tmp_path / "m.exr", **many)
    with pytest.raises(InputError, match="more than 32 channels"):
        read_picture(tmp_path / "m.exr", LARGE)
