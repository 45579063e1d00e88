"""WebP and BMP: samples, orientation, alpha, EXIF and damage as of any other picture."""

import numpy as np
import pytest
from camera_files import frames, radiance
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from hdrpipe.datasets.bursts import find_burst
from hdrpipe.datasets.reading import read_burst
from hdrpipe.errors import InputError
from hdrpipe.files.pictures.decoder import shared
from hdrpipe.files.pictures.images import HEIF_QUALITY, upright

RGB = np.rint(np.linspace(0, 255, 32 * 48 * 3)).reshape(32, 48, 3).astype(np.uint8)


def exif(seconds=0.125, orientation=1):
    tags = Image.Exif()
    tags[0x0112], tags[0x0110] = orientation, "Phone"
    inner = tags.get_ifd(0x8769)
    inner[0x829A], inner[0x8827], inner[0x829D] = IFDRational(seconds), 100, IFDRational(2.8)
    return tags


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_lossless_webp_is_read_upright_and_is_not_compressed(tmp_path, orientation):
    Image.fromarray(RGB).save(tmp_path / "a.webp", lossless=True, exif=exif(orientation=orientation))
    samples, info = shared().picture(tmp_path / "a.webp")
    np.testing.assert_array_equal(samples, upright(RGB, orientation))
    assert (info.format, info.quality, info.coarse) == ("webp", 0, True)


def test_a_lossy_webp_counts_as_compressed(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.webp", quality=95)
    samples, info = shared().picture(tmp_path / "a.webp")
    assert info.quality == HEIF_QUALITY
    assert np.abs(samples.astype(int) - RGB).mean() < 4


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
@pytest.mark.parametrize("name", ["a.bmp", "a.webp"])
def test_other_pixels_become_rgb(tmp_path, mode, name):
    picture = Image.fromarray(np.repeat(RGB[..., :1] // 32 * 32, 3, axis=2)).convert(mode)
    picture.save(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
    samples, info = shared().picture(tmp_path / name)
    np.testing.assert_array_equal(samples, np.asarray(picture.convert("RGB")))
    assert info.opaque is None


@pytest.mark.parametrize("how", ["cut", "zeros", "animation", "header"])
@pytest.mark.parametrize("lossless", [True, False])
def test_damaged_files_and_animations_are_refused(tmp_path, how, lossless):
    path = tmp_path / "a.webp"
    noise = np.random.default_rng(0).integers(0, 255, RGB.shape, np.uint8)
    more = {"save_all": True, "append_images": [Image.fromarray(RGB)]} if how == "animation" else {}
    Image.fromarray(noise).save(path, lossless=lossless, **more)
    data = path.read_bytes()
    half = len(data) // 2
    damaged = {"cut": data[:half], "zeros": data[:half] + bytes(len(data) - half), "header": data[:14] + b"?" * 60}
    path.write_bytes(damaged.get(how, data))
    with pytest.raises(InputError):
        shared().picture(path)


def test_a_cut_bmp_is_refused(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.bmp")
    (tmp_path / "a.bmp").write_bytes((tmp_path / "a.bmp").read_bytes()[:2000])
    with pytest.raises(InputError):
        shared().picture(tmp_path / "a.bmp")


@pytest.mark.parametrize("suffix", [".webp", ".WEBP", ".bmp", ""])
def test_a_burst_of_such_pictures_is_read(tmp_path, suffix):
    for index, ldr in enumerate(frames(radiance())):
        picture = Image.fromarray(np.rint(ldr.transpose(1, 2, 0) * 255).astype(np.uint8))
        kind = "BMP" if suffix == ".bmp" else "WEBP"
        more = {} if kind == "BMP" else {"quality": 95, "exif": exif(0.01 * 4**index)}
        picture.save(tmp_path / f"{index}{suffix}", kind, **more)
    burst = find_burst(tmp_path)
    assert burst.source == ("estimate" if suffix == ".bmp" else "exif")
    assert np.diff(burst.ev) == pytest.approx([2, 2], abs=0.1)
    assert read_burst(burst).coding.quality == (0 if suffix == ".bmp" else HEIF_QUALITY)


@pytest.mark.parametrize("name", ["0.webp", "1.bmp", "preview.webp"])
def test_beside_other_pictures_they_are_copies(tmp_path, name):
    for index, ldr in enumerate(frames(radiance())):
        picture = Image.fromarray(np.rint(ldr.transpose(1, 2, 0) * 255).astype(np.uint8))
        picture.save(tmp_path / f"{index}.jpg", exif=exif(0.01 * 4**index))
        picture.save(tmp_path / name)
    burst = find_burst(tmp_path)
    assert [path.name for path in burst.frames] == ["0.jpg", "1.jpg", "2.jpg"]
    assert [path.name for path in burst.ignored] == [name]
