"""R10: every bad burst ends in one line that names it, or in what docs/data.md says. All cases, each time."""

import os

import numpy as np
import pytest
from camera_files import frames, radiance, write_burst, write_dng, write_frame, write_radiance
from PIL import Image

from hdrpipe.datasets.bursts import find_burst
from hdrpipe.datasets.reading import read_burst
from hdrpipe.errors import Exit, HdrpipeError

LDR = frames(radiance())


def text(content):
    def make(folder):
        write_burst(folder)
        (folder / "exposure.txt").write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def rows(content, name="bursts.csv"):
    def make(folder):
        write_burst(folder)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return make


def replaced(write, name="2.png", told=True):
    """A good burst of which one frame is something else."""

    def make(folder):
        write_burst(folder, text=told)
        (folder / name).unlink()
        write(folder / name)

    return make


def pillow(mode):
    def write(path):
        rgb = np.rint(LDR[1].transpose(1, 2, 0) * 255).astype(np.uint8)
        Image.fromarray(rgb).convert(mode).save(path, format="JPEG" if mode == "CMYK" else "PNG")

    return write


def renamed(*names):
    def make(folder):
        write_burst(folder)
        for old, new in zip(("1.png", "2.png", "3.png"), names, strict=True):
            (folder / old).rename(folder / new)

    return make


def flat(level, told):
    def make(folder):
        write_burst(folder, np.full((3, 48, 64), level, np.float32), text=told)

    return make


def raw_and_png(folder):
    write_burst(folder)
    write_dng(folder / "4.dng", np.full((3, 64, 64), 0.2))
    (folder / "exposure.txt").write_text("-2\n0\n2\n4\n")


def damaged_raw(folder):
    folder.mkdir()
    for number in range(3):
        path = write_dng(folder / f"{number}.dng", np.full((3, 64, 64), 0.2), seconds=0.01 * 4**number)
        path.write_bytes(path.read_bytes()[: 300 if number == 1 else None])


def zero_time(folder):
    folder.mkdir()
    for number, ldr in enumerate(LDR):
        write_frame(folder / f"{number}.jpg", ldr, seconds=0.01 * 4**number if number else 0, iso=100)


def outside(folder):
    write_burst(folder)
    write_frame(folder.parent / "elsewhere.png", LDR[1], 16)
    (folder / "2.png").unlink()
    (folder / "2.png").symlink_to(folder.parent / "elsewhere.png")


def inside(folder):
    write_burst(folder)
    (folder / "kept").mkdir()
    (folder / "2.png").rename(folder / "kept" / "x.png")
    (folder / "2.png").symlink_to(folder / "kept" / "x.png")


def folder_as_picture(folder):
    write_burst(folder)
    (folder / "4.png").mkdir()


def no_list(folder):
    write_burst(folder, text=False)
    (folder / "exposure.txt").mkdir()


def one_list_is_a_pipe(folder):
    write_burst(folder, text=False)
    os.mkfifo(folder / "exposure.txt")


REFUSED = {
    "one picture": (lambda f: write_burst(f, ev=(0.0,)), "has 1 picture"),
    "no picture": (lambda f: f.mkdir(), "holds no pictures"),
    "no folder": (lambda f: None, "no folder|pictures of a burst"),
    "mixed sizes": (replaced(lambda p: write_frame(p, LDR[1, :, :40], 16)), "has 64 x 40 pixels"),
    "a missing exposure": (text("-2\n0\n"), "2 exposure values for 3"),
    "an exposure too many": (text("-2\n0\n2\n4\n"), "4 exposure values for 3"),
    "NaN": (text("-2\nnan\n2\n"), "exposure value nan EV is out of range"),
    "infinity": (text("-2\n0\ninf\n"), "exposure value inf EV is out of range"),
    "equal exposures": (text("0\n0\n2\n"), "same exposure"),
    "nearly equal exposures": (text("0\n0.01\n2\n"), "same exposure"),
    "words": (text("short\nmiddle\nlong\n"), "no list of exposure values"),
    "values and times": (text("1/400\n0\n2\n"), "exposure values and times in seconds"),
    "bytes": (text(bytes(range(256))), "no text|no list"),
    "an empty list": (text(""), "no exposure values"),
    "a huge list": (text("0\n" * 10**6), "a list of exposures may have"),
    "EVs of no camera": (text("0\n2\n1e9\n"), "out of range"),
    "60 stops": (text("-30\n0\n30\n"), "stops of exposure range"),
    "a pipe for a list": (one_list_is_a_pipe, "not a regular file"),
    "a time of zero": (rows("file,seconds\n1.png,0\n2.png,1\n3.png,2\n"), "not positive"),
    "a negative time": (rows("file,seconds\n1.png,-1\n2.png,1\n3.png,2\n"), "not positive"),
    "a table in Latin-1": (rows("file,ev\nK\xfcche.png,0\n".encode("latin-1")), "no text in UTF-8 or UTF-16"),
    "a table of nested aliases": (
        rows("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n", "bursts.yaml"),
        "no list of mappings",
    ),
    "a table of scalars": (rows("5", "bursts.yaml"), "no list of mappings"),
    "code in a table": (rows("- !!python/object/apply:os.system ['touch x']\n", "bursts.yaml"), "no YAML"),
    "black without a list": (flat(0.0, False), "no exposure can be estimated"),
    "white without a list": (flat(4.0, False), "no exposure can be estimated"),
    "a loop of links": (replaced(lambda p: p.symlink_to(p)), "cannot be followed"),
    "a dangling link": (replaced(lambda p: p.symlink_to(p.parent / "none")), "no such file"),
    "a link that leads out": (outside, "leads out of its folder"),
    "a pipe": (replaced(os.mkfifo), "not a regular file"),
    "an empty picture": (replaced(lambda p: p.write_bytes(b"")), "is empty"),
    "a text": (replaced(lambda p: p.write_text("hello")), "is no TIFF"),
    "radiance as a frame": (
        replaced(lambda p: write_radiance(p.with_suffix(".hdr"), radiance()).rename(p)),
        "holds radiance",
    ),
    "floats beside integers": (
        replaced(lambda p: Image.fromarray(LDR[1, 0]).save(p, format="TIFF")),
        "mixes floats and integers",
    ),
    "RAW beside PNG": (raw_and_png, "mixes RAW and other pictures"),
    "a damaged DNG": (damaged_raw, r"1\.dng"),
}

READ = {
    "mixed depths": (replaced(lambda p: write_frame(p, LDR[1], 8)), lambda b: "8 and of 16 bit" in b.notes[0]),
    "alpha": (replaced(pillow("RGBA")), lambda b: np.abs(b.burst().ldr[1] - LDR[1]).max() < 0.01),
    "one grey frame": (replaced(pillow("L")), lambda b: np.array_equal(b.samples[1, 0], b.samples[1, 2])),
    "a palette": (replaced(pillow("P")), lambda b: b.samples.shape == (3, 3, 48, 64)),
    "one bit": (replaced(pillow("1")), lambda b: set(np.unique(b.burst().ldr[1])) <= {0.0, 1.0}),
    "CMYK": (replaced(pillow("CMYK")), lambda b: np.abs(b.burst().ldr[1] - LDR[1]).mean() < 0.1),
    "black": (flat(0.0, True), lambda b: b.samples.max() == 0),
    "white": (flat(4.0, True), lambda b: b.samples.min() == 65535),
    "reversed": (lambda f: write_burst(f, ev=(2.0, 0.0, -2.0)), lambda b: b.files[0].name == "3.png"),
    "odd names": (
        renamed("-rf 1.png", "a\nb \u00fc2.png", "c\udcff'3.PNG"),
        lambda b: b.ev == (-2.0, 0.0, 2.0),
    ),
    "long names": (renamed(*(str(n) + "x" * 240 + ".png" for n in (1, 2, 3))), lambda b: len(b.files) == 3),
    "a JPEG that calls itself PNG": (
        replaced(lambda p: write_frame(p.with_suffix(".jpg"), LDR[1]).rename(p)),
        lambda b: np.abs(b.burst().ldr[1] - LDR[1]).mean() < 0.05,
    ),
    "a list with BOM and CRLF": (text(b"\xef\xbb\xbf-2\r\n0\r\n2\r\n"), lambda b: b.ev == (-2.0, 0.0, 2.0)),
    "a folder named like a picture": (folder_as_picture, lambda b: len(b.files) == 3),
    "a folder named like a list": (no_list, lambda b: b.source == "estimate"),
    "a link inside the folder": (inside, lambda b: len(b.files) == 3),
    "an EXIF time of zero": (zero_time, lambda b: b.source == "estimate"),
    "one pixel": (
        lambda f: write_burst(f, np.full((3, 1, 1), 0.3, np.float32)),
        lambda b: b.samples.shape == (3, 3, 1, 1),
    ),
}


def whole(folder):
    read = read_burst(find_burst(folder))
    read.burst()
    return read


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_one_line(tmp_path, name, count):
    make, words = REFUSED[name]
    make(tmp_path / "burst")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(HdrpipeError, match=words) as caught:
        whole(tmp_path / "burst")
    assert caught.value.code == Exit.INPUT
    assert "\n" not in str(caught.value)
    assert "burst" in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
    count("R10")


@pytest.mark.parametrize("name", READ)
def test_what_can_be_used_is_read_as_documented(tmp_path, name, count):
    make, right = READ[name]
    make(tmp_path / "burst")
    assert right(whole(tmp_path / "burst"))
    count("R10")
