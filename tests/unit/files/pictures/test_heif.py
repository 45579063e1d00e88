"""HEIC, HEIF and AVIF: samples, orientation, colour, EXIF and limits as of any other picture."""

import sys

import numpy as np
import pytest
from camera_files import frames, radiance
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import IFDRational

from hdrpipe.datasets.bursts import find_burst
from hdrpipe.datasets.reading import read_burst
from hdrpipe.errors import InputError
from hdrpipe.files.pictures import heif
from hdrpipe.files.pictures.decoder import shared
from hdrpipe.files.pictures.images import read_picture, upright
from hdrpipe.files.pictures.metadata import camera_data

LARGE = 2**20


@pytest.fixture
def library():
    return pytest.importorskip("pillow_heif", reason="HEIC is written and read by pillow-heif")


@pytest.fixture
def rgb():
    """(H, W, 3) in [0, 1], smooth, with no two sides alike."""
    y, x = np.mgrid[:64, :96]
    return np.stack([y / 63, x / 95, 0.25 + 0.5 * (y * x) / (63 * 95)], axis=-1)


def exif_bytes(orientation=1, seconds=0.125, iso=400):
    exif = Image.Exif()
    exif[0x0112], exif[0x0110] = orientation, "Phone"
    inner = exif.get_ifd(0x8769)
    inner[0x829A], inner[0x8827], inner[0x829D] = IFDRational(seconds), iso, IFDRational(2.8)
    inner[0x9003] = "2025:03:01 12:00:00"
    return exif.tobytes()


def written(path, rgb, **options):
    """An 8-bit picture, which the ending of its name says how to code."""
    picture = Image.fromarray(np.rint(rgb * 255).astype(np.uint8))
    if path.suffix == ".avif":
        picture.save(path, quality=95, **options)
    else:
        import pillow_heif

        pillow_heif.from_pillow(picture).save(path, quality=95, chroma=444, **options)
    return path


def written_deep(path, codes, transfer=13, primaries=1):
    """A 10-bit HEIC of codes (H, W, 3) in [0, 1], without loss."""
    import pillow_heif

    levels = np.rint(codes * 1023).astype(np.uint16) << 6
    made = pillow_heif.from_bytes("RGB;16", codes.shape[1::-1], levels.tobytes())
    made.save(path, quality=-1, chroma=444, matrix_coefficients=0, transfer_characteristics=transfer,
              color_primaries=primaries)  # fmt: skip
    return path


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_the_decoder_reads_it_as_this_process_does(library, tmp_path, rgb, suffix):
    path = written(tmp_path / f"p{suffix}", rgb)
    samples, info = shared().picture(path)
    here, same = read_picture(path, LARGE)
    assert info == same
    assert (info.format, info.width, info.height, info.dtype) == (
        {".heic": "heif", ".avif": "avif"}[suffix],
        96,
        64,
        "uint8",
    )
    assert np.array_equal(samples.transpose(2, 0, 1), np.rint(here * 255))
    assert np.abs(here - rgb.transpose(2, 0, 1)).mean() < 0.01


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_stands_upright(library, tmp_path, rgb, suffix, orientation):
    path = written(tmp_path / f"p{suffix}", rgb, exif=exif_bytes(orientation))
    picture, info = read_picture(path, LARGE)
    wanted = upright(rgb, orientation)
    assert (info.height, info.width, info.orientation) == (*wanted.shape[:2], 1)
    header = shared().header(path)
    assert (header.height, header.width) == wanted.shape[:2]
    assert np.abs(picture - wanted.transpose(2, 0, 1)).mean() < 0.01


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_exposure_is_read(library, tmp_path, rgb, suffix):
    camera = camera_data(written(tmp_path / f"p{suffix}", rgb, exif=exif_bytes(seconds=0.125, iso=400)))
    assert (camera.seconds, camera.iso, camera.aperture, camera.body) == (0.125, 400, 2.8, "Phone")
    assert camera.taken is not None


def test_ten_bits_keep_every_level(library, tmp_path, rgb):
    picture, info = read_picture(written_deep(tmp_path / "p.heic", rgb), LARGE)
    assert info.dtype == "uint16"
    assert np.abs(picture - np.rint(rgb * 1023).transpose(2, 0, 1) / 1023).max() < 1e-5


def test_code_points_and_profiles_tell_the_colour_space(library, tmp_path, rgb):
    wide = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])  # sRGB to Display P3
    _, info = read_picture(written_deep(tmp_path / "p.heic", rgb, primaries=12), LARGE)
    assert np.allclose(np.reshape(info.matrix, (3, 3)) @ wide, np.eye(3), atol=0.005)
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for name in ("p.heic", "p.avif"):
        assert read_picture(written(tmp_path / name, rgb, icc_profile=made), LARGE)[1].matrix is None


def hlg(light):
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(light <= 1 / 12, np.sqrt(3 * light), a * np.log(np.maximum(12 * light - b, 1e-9)) + c)


def pq(nits):
    power = (nits / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def test_hlg_is_the_light_of_the_scene(library, tmp_path, rgb):
    picture, info = read_picture(written_deep(tmp_path / "p.heic", hlg(rgb), transfer=18), LARGE)
    assert info.dtype == "uint16"
    assert np.abs(picture.transpose(1, 2, 0) ** 2.2 - rgb).max() < 0.006


def test_pq_frames_of_a_burst_are_light_of_one_scale(library, tmp_path):
    folder = tmp_path / "b"
    folder.mkdir()
    scene = radiance()
    for number, time in enumerate((1, 4, 16)):
        nits = 1000 * (scene * np.float32(time)).clip(0, 1).transpose(1, 2, 0)
        written_deep(folder / f"{number}.hif", pq(nits), transfer=16)
    (folder / "exposure.txt").write_text("-2\n0\n2\n")
    burst = read_burst(find_burst(folder)).burst()
    for frame, time in zip(burst.ldr, (1, 4, 16), strict=True):
        light = (scene * np.float32(time)).clip(0, 1)
        assert np.abs(frame**2.2 - light).max() < 0.01


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_transparent_pixels_are_not_opaque(library, tmp_path, rgb, suffix):
    alpha = np.ones((64, 96))
    alpha[:, :32] = 0
    path = written(tmp_path / f"p{suffix}", np.dstack([rgb, alpha]))
    _, info = read_picture(path, LARGE)
    assert info.opaque is not None
    assert not info.opaque[:, :24].any()
    assert info.opaque[:, 40:].all()


def test_a_burst_of_a_phone_needs_nothing_but_its_files(library, tmp_path):
    folder = tmp_path / "b"
    folder.mkdir()
    for number, ldr in enumerate(frames(radiance(height=64, width=96)), 1):
        seconds = 0.01 * 4**number
        written(folder / f"IMG_{number}.HEIC", ldr.transpose(1, 2, 0), exif=exif_bytes(6, seconds))
    found = find_burst(folder)
    assert found.source == "exif"
    assert np.allclose(np.diff(found.ev), 2)
    assert read_burst(found).samples.shape == (3, 3, 96, 64)


def test_a_size_that_only_the_header_claims_is_refused(library, tmp_path, rgb):
    path = written(tmp_path / "p.heic", rgb)
    data = path.read_bytes()
    old = b"ispe\0\0\0\0" + (96).to_bytes(4, "big") + (64).to_bytes(4, "big")
    assert old in data
    path.write_bytes(data.replace(old, b"ispe\0\0\0\0" + (60000).to_bytes(4, "big") * 2))
    with pytest.raises(InputError, match=r"60000 x 60000 pixels|header that cannot be read"):
        shared().picture(path)
    path.write_bytes(data.replace(old, b"ispe\0\0\0\0" + (10000).to_bytes(4, "big") * 2))
    with pytest.raises(InputError):
        shared().picture(path)


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_damaged_files_are_one_line(library, tmp_path, rgb, suffix):
    path = written(tmp_path / f"p{suffix}", rgb)
    data = path.read_bytes()
    for cut in (12, 40, len(data) // 2):
        path.write_bytes(data[:cut])
        with pytest.raises(InputError, match=r"p\.(heic|avif): "):
            shared().picture(path)


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_a_copy_that_was_interrupted_and_filled_with_zeros_is_refused(library, tmp_path, suffix):
    noise = np.random.default_rng(1).integers(0, 255, (96, 128, 3), np.uint8)
    path = written(tmp_path / f"p{suffix}", noise)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 3 // 4] + bytes(len(data) - len(data) * 3 // 4))
    with pytest.raises(InputError, match="ends in zeros"):
        shared().picture(path)
    path.write_bytes(data + (80).to_bytes(4, "big") + b"free" + bytes(72))
    assert shared().picture(path)[1].width == 128


def test_without_the_library_one_line_says_what_to_install(tmp_path, monkeypatch):
    path = tmp_path / "p.heic"
    path.write_bytes((24).to_bytes(4, "big") + b"ftypheic\0\0\0\0mif1heic" + bytes(200))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=r"needs pillow-heif.*pip install 'hdrpipe\[heif\]'"):
        read_picture(path, LARGE)


@pytest.mark.parametrize(
    ("brands", "kind"),
    [
        (b"heic\0\0\0\0mif1", "heif"),
        (b"mif1\0\0\0\0mif1avifmiaf", "avif"),
        (b"mif1\0\0\0\0mif1heic", "heif"),
        (b"msf1\0\0\0\0hevc", "heif"),
        (b"avif\0\0\0\0mif1", "avif"),
        (b"isom\0\0\0\0mp42", None),
        (b"crx \0\0\0\1crx isom", None),
    ],
)
def test_brands_tell_the_format(brands, kind):
    head = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands
    assert heif.kind_of(head.ljust(64, b"\0")) == kind
    assert heif.kind_of(b"") is None


def test_a_folder_without_known_endings_is_read_by_content(library, tmp_path):
    folder = tmp_path / "b"
    folder.mkdir()
    for number, ldr in enumerate(frames(radiance(height=64, width=96)), 1):
        written(tmp_path / "x.heic", ldr.transpose(1, 2, 0)).rename(folder / f"shot{number}.bin")
    (folder / "exposure.txt").write_text("-2\n0\n2\n")
    assert len(find_burst(folder).frames) == 3
