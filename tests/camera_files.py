"""Files as cameras write them, made by the tests: bursts of any format, EXIF, DNG."""

import struct
from datetime import datetime, timedelta
from fractions import Fraction

import cv2
import numpy as np
import OpenEXR
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from scipy.ndimage import gaussian_filter

from hdrpipe.imaging.camera import expose, ldr_from_linear

EV = (-2.0, 0.0, 2.0)


def radiance(seed=0, height=48, width=64):
    """Smooth random radiance (3, H, W) in [0.003, 1]."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), 2.5)
    ranks = blurred.argsort(None).argsort().reshape(blurred.shape) / (blurred.size - 1)
    return np.exp2(np.log2(0.003) * (1.0 - ranks)).astype(np.float32).transpose(2, 0, 1)


def frames(scene, ev=EV):
    """ldr frames (N, 3, H, W) of a static scene; the shortest clips at radiance 1."""
    return np.stack([expose(scene, 2.0 ** (value - min(ev))) for value in ev])


def write_frame(path, ldr, bits=8, seconds=None, iso=None, aperture=None, taken=None, orientation=None, **more_exif):
    """Write one ldr frame (3, H, W) as the ending of `path` says."""
    top = 2**bits - 1
    rgb = np.rint(ldr.transpose(1, 2, 0) * top).astype(np.uint8 if bits == 8 else np.uint16)
    if bits == 16:
        cv2.imwrite(str(path), rgb[..., ::-1])
        return path
    picture = Image.fromarray(rgb)
    exif = Image.Exif()
    inner = exif.get_ifd(0x8769)
    if seconds is not None:
        inner[0x829A] = IFDRational(Fraction(seconds).limit_denominator(10**6))
    if iso is not None:
        inner[0x8827] = iso
    if aperture is not None:
        inner[0x829D] = IFDRational(Fraction(aperture).limit_denominator(100))
    if taken is not None:
        moment = datetime(2025, 3, 1, 12, 0, 0) + timedelta(seconds=taken)
        inner[0x9003] = moment.strftime("%Y:%m:%d %H:%M:%S")
        inner[0x9291] = f"{moment.microsecond // 1000:03d}"
    if orientation is not None:
        exif[0x0112] = orientation
    if "model" in more_exif:
        exif[0x0110] = more_exif["model"]
    for name, tag in (("mode", 0xA402), ("serial", 0xA431), ("offset", 0x9011)):
        inner.update({tag: more_exif[name]} if name in more_exif else {})
    if "bias" in more_exif:
        inner[0x9204] = IFDRational(more_exif["bias"], 1)
    more = {"quality": 98, "subsampling": 0} if str(path).endswith((".jpg", ".jpeg")) else {}
    picture.save(path, exif=exif, **more)
    return path


def write_radiance(path, picture):
    """Write radiance (3, H, W) as Radiance or OpenEXR."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".exr":
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        channels = {name: np.ascontiguousarray(plane) for name, plane in zip("RGB", picture, strict=True)}
        OpenEXR.File(header, channels).write(str(path))
    else:
        cv2.imwrite(str(path), np.ascontiguousarray(picture.transpose(1, 2, 0)[..., ::-1], np.float32))
    return path


def write_burst(folder, scene=None, ev=EV, suffix="png", bits=16, truth=None, text=True, name="{}"):
    """A folder with frames 1, 2, ..., `exposure.txt`, and truth under the given name."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = radiance() if scene is None else scene
    for index, ldr in enumerate(frames(scene, ev), 1):
        write_frame(folder / f"{name.format(index)}.{suffix}", ldr, bits)
    if text:
        (folder / "exposure.txt").write_text("".join(f"{value}\n" for value in ev))
    if truth:
        write_radiance(folder / truth, scene)
    return folder


def write_dng(
    path,
    linear,
    seconds=0.01,
    iso=100,
    aperture=4.0,
    neutral=(0.5, 1.0, 0.7),
    black=64,
    white=4095,
    kind="bayer",
    full=1.0,
    profile=None,
    orientation=1,
):
    """An uncompressed DNG of linear sensor RGB (3, H, W) in [0, 1], H and W even: an RGGB mosaic, `linear` RGB, or
    the `grey` of its green; the sensor saturates at `full` of the range that its file tells; `profile` are the numbers
    of its NoiseProfile."""
    _, height, width = linear.shape
    sensor = np.empty((height, width), np.float64)
    for (row, column), channel in zip(((0, 0), (0, 1), (1, 0), (1, 1)), (0, 1, 1, 2), strict=True):
        sensor[row::2, column::2] = linear[channel, row::2, column::2]
    sensor = {"bayer": sensor, "linear": linear.transpose(1, 2, 0), "grey": linear[1]}[kind]
    samples = np.rint(sensor.clip(0, full) * (white - black) + black).astype("<u2").tobytes()
    planes = 3 if kind == "linear" else 1
    rational = [Fraction(n).limit_denominator(10**4) for n in neutral]
    matrix = [Fraction(n, 10**4) for n in (32406, -15372, -4986, -9689, 18758, 415, 557, -2040, 10570)]
    exif = [
        (33434, 5, [Fraction(seconds).limit_denominator(10**6)]),
        (33437, 5, [Fraction(aperture).limit_denominator(100)]),
        (34855, 3, [iso]),
        (36867, 2, b"2025:03:01 12:00:00\0"),
    ]
    mosaic = [(33421, 3, [2, 2]), (33422, 1, bytes([0, 1, 1, 2]))] if kind == "bayer" else []
    colours = [(50721, 10, matrix), (50728, 5, rational), (50778, 3, [21])] if kind != "grey" else []
    tags = [
        (254, 4, [0]), (256, 4, [width]), (257, 4, [height]), (258, 3, [16] * planes),
        (259, 3, [1]), (262, 3, [32803 if mosaic else 34892]), (271, 2, b"Test\0"), (272, 2, b"Camera\0"),
        (273, 4, [0]), (274, 3, [orientation]), (277, 3, [planes]), (278, 4, [height]),
        (279, 4, [len(samples)]), *mosaic,
        (34665, 4, [0]), (50706, 1, bytes([1, 4, 0, 0])), (50708, 2, b"Test Camera\0"), (50714, 4, [black] * planes),
        (50717, 4, [white] * planes), *colours,
        *([] if profile is None else [(51041, 12, profile)]),
    ]  # fmt: skip
    first = 8
    second = first + _ifd_size(tags)
    data = second + _ifd_size(exif)
    values = {273: data, 34665: second}
    tags = [(tag, kind, [values[tag]] if tag in values else value) for tag, kind, value in tags]
    path.write_bytes(b"II*\0" + struct.pack("<I", first) + _ifd(tags, first) + _ifd(exif, second) + samples)
    return path


def write_mrw(path, sensor, seconds=0.01, iso=100, aperture=4.0):
    """A MRW (Minolta) of a mosaic (H, W) of 12-bit steps: a format of its own, with a TIFF's EXIF inside."""
    height, width = sensor.shape
    exif = [
        (33434, 5, [Fraction(seconds).limit_denominator(10**6)]),
        (33437, 5, [Fraction(aperture).limit_denominator(100)]),
        (34855, 3, [iso]),
        (36867, 2, b"2025:03:01 12:00:00\0"),
    ]
    tags = [(271, 2, b"Minolta Co., Ltd.\0"), (272, 2, b"DiMAGE A1\0"), (34665, 4, [0])]
    second = 8 + _ifd_size(tags)
    tags[-1] = (34665, 4, [second])
    inner = b"II*\0" + struct.pack("<I", 8) + _ifd(tags, 8) + _ifd(exif, second)
    about = b"27820001" + struct.pack(">4H", height, width, height, width) + bytes([16, 12, 0x52, 0, 0, 0, 0, 1])
    balance = bytes([2, 2, 2, 2]) + struct.pack(">4H", 400, 256, 256, 300)
    blocks = ((b"\0PRD", about), (b"\0WBG", balance), (b"\0TTW", inner))
    head = b"".join(name + struct.pack(">I", len(data)) + data for name, data in blocks)
    path.write_bytes(b"\0MRM" + struct.pack(">I", len(head)) + head + sensor.astype(">u2").tobytes())
    return path


def _packed(kind, value):
    if isinstance(value, bytes):
        return value, len(value)
    if kind in (5, 10):
        sign = "<ii" if kind == 10 else "<II"
        return b"".join(struct.pack(sign, v.numerator, v.denominator) for v in value), len(value)
    return struct.pack(f"<{len(value)}{({3: 'H', 4: 'I', 12: 'd'})[kind]}", *value), len(value)


def _ifd_size(tags):
    return 6 + 12 * len(tags) + sum(len(d) + len(d) % 2 for d, _ in (_packed(k, v) for _, k, v in tags) if len(d) > 4)


def _ifd(tags, start):
    entries, extra = b"", b""
    place = start + 6 + 12 * len(tags)
    for tag, kind, value in tags:
        data, count = _packed(kind, value)
        if len(data) > 4:
            field = struct.pack("<I", place + len(extra))
            extra += data + b"\0" * (len(data) % 2)
        else:
            field = data.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, count) + field
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0) + extra


def write_noisy_burst(folder, ending="png", seed=3, size=192, noise=1.0, spread=0.0):
    """Write a static burst of three frames with the noise `noise * (4e-4 x + 2e-6)`, without truth; returns that.

    Neighbours share their noise over a radius of `spread` pixels, as where a mosaic was interpolated.
    """
    scene = radiance(seed, size, size) * 0.2
    rng = np.random.default_rng(seed)
    linear = scene * np.array([1.0, 4.0, 16.0])[:, None, None, None]
    grain = rng.standard_normal(linear.shape)
    if spread:
        grain = gaussian_filter(grain, (0, 0, spread, spread))
        grain /= grain.std()
    linear = linear + grain * np.sqrt(noise * (4e-4 * linear + 2e-6))
    folder.mkdir(parents=True)
    bits = 16 if ending == "png" else 8
    for number, frame in enumerate(ldr_from_linear(linear.clip(0, 1)).astype(np.float32), 1):
        write_frame(folder / f"{number}.{ending}", frame, bits)
    (folder / "exposure.txt").write_text("-2\n0\n2\n")
    return scene
