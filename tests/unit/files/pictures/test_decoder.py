"""Pictures decoded in a child: the same samples, and a parent that outlives everything."""

import os
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest
from camera_files import frames, radiance, write_dng, write_frame, write_mrw, write_radiance
from PIL import Image, ImageCms

from hdrpipe.errors import InputError
from hdrpipe.files.pictures.decoder import MAX_PIXELS, Decoder
from hdrpipe.files.pictures.images import read_picture, scaled


@pytest.fixture(scope="module")
def decoder():
    made = Decoder()
    yield made
    made.close()


@pytest.fixture
def picture(tmp_path):
    return write_frame(tmp_path / "p.png", frames(radiance())[1], 16)


@pytest.mark.parametrize(("name", "bits"), [("p.png", 16), ("p.tif", 16), ("p.tif", 8), ("p.jpg", 8), ("p.png", 8)])
def test_it_gives_what_this_process_would_read(decoder, tmp_path, name, bits):
    path = write_frame(tmp_path / name, frames(radiance())[1], bits)
    samples, info = decoder.picture(path)
    here, same = read_picture(path, 2**20)
    assert np.array_equal(scaled(samples), here)
    assert info == same


@pytest.mark.parametrize("name", ["t.hdr", "t.exr"])
def test_radiance_comes_through(decoder, tmp_path, name):
    samples, info = decoder.picture(write_radiance(tmp_path / name, radiance()))
    assert info.radiance
    assert np.allclose(samples.transpose(2, 0, 1), radiance(), atol=1 / 128)


def test_the_limit_of_pixels_holds_in_the_child(decoder, picture):
    with pytest.raises(InputError, match="64 x 48 pixels, allowed are 1 to 100"):
        decoder.picture(picture, max_pixels=100)


def test_relative_names_and_odd_names_are_found(decoder, tmp_path, picture, monkeypatch):
    monkeypatch.chdir(tmp_path)
    odd = tmp_path / "a \udcff\n'b\u00fc.png"
    odd.write_bytes(picture.read_bytes())
    assert decoder.picture("p.png")[1].width == 64
    assert decoder.picture(odd)[1].width == 64


def test_a_stopped_child_is_a_fault_of_the_picture_and_the_next_one_is_read(picture):
    decoder = Decoder(seconds=3.0)
    decoder.header(picture)
    child = decoder._child
    os.kill(child.pid, signal.SIGSTOP)  # as a decoder that never comes back
    with pytest.raises(InputError, match="took too long"):
        decoder.picture(picture)
    assert child.poll() is not None
    assert decoder.picture(picture)[1].width == 64
    decoder.close()


def test_a_crash_is_a_fault_of_the_picture_and_the_next_one_is_read(picture):
    decoder = Decoder()
    decoder.header(picture)
    os.kill(decoder._child.pid, signal.SIGSTOP)
    os.kill(decoder._child.pid, signal.SIGKILL)
    decoder._child.poll = lambda: None  # it dies after the request was sent
    with pytest.raises(InputError, match=r"was killed|failed"):
        decoder.picture(picture)
    assert decoder.picture(picture)[1].width == 64
    decoder.close()


def test_the_child_may_not_take_more_memory_than_it_is_given():
    code = (
        "from hdrpipe.files.system import limit_growth; import numpy as np\n"
        "limit_growth(2**26)\n"
        "try: np.ones(2**25)\n"
        "except MemoryError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "refused", done.stderr


def test_the_header_of_a_picture_tells_its_exposure(decoder, tmp_path):
    path = write_frame(tmp_path / "p.jpg", frames(radiance())[1], seconds=1 / 60, iso=200, aperture=2.8, taken=1.25)
    header = decoder.header(path)
    assert (header.format, header.width, header.height) == ("jpeg", 64, 48)
    assert header.camera.seconds == pytest.approx(1 / 60, rel=1e-4)
    assert (header.camera.iso, header.camera.aperture) == (200, 2.8)
    assert header.camera.taken % 60 == pytest.approx(1.25)


def test_turned_pictures_stand_upright(decoder, tmp_path):
    ldr = frames(radiance())[1]
    flat = decoder.picture(write_frame(tmp_path / "a.jpg", ldr))[0]
    turned = decoder.picture(write_frame(tmp_path / "b.jpg", ldr, orientation=6))[0]
    assert turned.shape == (64, 48, 3)
    assert np.array_equal(turned, np.rot90(flat, -1))


def test_raw_pictures_are_linear_and_scale_with_the_exposure_time(decoder, tmp_path):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    scene = np.kron(np.random.default_rng(0).random((3, 12, 16)) * 0.2 + 0.02, np.ones((8, 8)))
    linear = []
    for index, seconds in enumerate((0.01, 0.02, 0.04)):
        path = write_dng(tmp_path / f"{index}.dng", scene * seconds / 0.02, seconds=seconds)
        header = decoder.header(path)
        assert header.camera.seconds == pytest.approx(seconds)
        samples, info = decoder.picture(path, white_balance=header.white_balance)
        assert (info.format, info.dtype, samples.shape) == ("raw", "uint16", (96, 128, 3))
        linear.append((samples / 65535.0) ** 2.2)
    mean = linear[1].mean((0, 1))
    assert mean == pytest.approx(scene.mean((1, 2)) / (0.5, 1.0, 0.7), rel=0.02)  # as-shot neutral is white
    bright = (linear[0] > 0.02) & (linear[1] < 0.98)
    assert np.median(linear[1][bright] / linear[0][bright]) == pytest.approx(2.0, rel=0.02)


@pytest.mark.parametrize(("seconds", "iso", "aperture"), [(1 / 500, 64, 2.8), (0.02, 200, 8.0), (4.0, 800, 11.0)])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_a_raw_picture_that_no_exif_reader_knows_tells_its_exposure(
    tmp_path, monkeypatch, zone, seconds, iso, aperture
):
    pytest.importorskip("rawpy", reason="the extra `raw` is not installed")
    monkeypatch.setenv("TZ", zone)
    decoder = Decoder()
    path = write_mrw(tmp_path / "a.mrw", np.full((1200, 1600), 1000), seconds, iso, aperture)
    camera = decoder.header(path).camera
    decoder.close()
    assert (camera.seconds, camera.iso, camera.aperture) == pytest.approx((seconds, iso, aperture), rel=1e-4)
    assert camera.taken == 1740830400  # noon of the camera's own clock


def limited(mib, path):
    """What a process that may have so much memory says of a picture."""
    code = (
        "import resource\n"
        "from hdrpipe.errors import HdrpipeError\n"
        "from hdrpipe.files.pictures.decoder import Decoder\n"
        f"resource.setrlimit(resource.RLIMIT_AS, ({mib} << 20, {mib} << 20))\n"
        f"try: print(Decoder().picture({str(path)!r})[0].shape)\n"
        "except HdrpipeError as error: print(error)\n"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)


def test_pictures_are_read_under_a_hard_limit_of_memory(picture):
    assert limited(8000, picture).stdout == "(48, 64, 3)\n"


def test_a_picture_that_does_not_fit_under_a_hard_limit_says_so(tmp_path):
    Image.new("L", (9000, 9000)).save(tmp_path / "large.png")
    done = limited(400, tmp_path / "large.png")
    assert "ulimit -v" in done.stdout, done
    assert done.stdout.count("\n") == 1


def test_a_child_that_cannot_start_says_why(picture):
    done = limited(150, picture)
    assert "ulimit -v" in done.stdout, done
    assert done.stdout.count("\n") == 1


def claiming(path, width, height):
    """A small JPEG whose header claims another size."""
    Image.new("RGB", (64, 48)).save(path)
    data = path.read_bytes()
    place = data.index(b"\xff\xc0") + 5
    path.write_bytes(data[:place] + struct.pack(">2H", height, width) + data[place + 4 :])
    return path


def test_the_documented_number_of_pixels_is_the_limit_of_every_format(decoder, tmp_path):
    header = decoder.header(claiming(tmp_path / "p.jpg", 16000, 16700))
    assert (header.width, header.height) == (16000, 16700)
    with pytest.raises(InputError, match=f"allowed are 1 to {MAX_PIXELS}"):
        decoder.header(claiming(tmp_path / "p.jpg", 16000, 16800))


@pytest.mark.slow  # half a gigabyte of memory
def test_a_jpeg_of_200_megapixels_is_decoded_with_its_profile(decoder, tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("L", (16000, 12500), 77).save(tmp_path / "p.jpg", icc_profile=profile)
    samples, _ = decoder.picture(tmp_path / "p.jpg")
    assert samples.shape == (12500, 16000, 3)
    assert samples[0, 0].tolist() == samples[-1, -1].tolist() == [77, 77, 77]
