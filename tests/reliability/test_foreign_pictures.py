"""R9: damaged pictures decode or are refused; the parent goes on, nothing hangs. HDRPIPE_R9 sets how many."""

import os
import time

import numpy as np
import pillow_heif
from camera_files import frames, radiance, write_frame, write_radiance
from campaign import dice, parts
from damages import DAMAGES
from PIL import Image

from hdrpipe.errors import Exit, InputError
from hdrpipe.files.pictures.decoder import Decoder

MANY = int(os.environ.get("HDRPIPE_R9", "1500"))
KINDS = ("a.tif", "b.tif", "a.png", "b.png", "c.jpg", "d.hdr", "e.exr", "f.heic", "g.avif")
BITS = {"a": 8, "b": 16}
PATIENCE = 5.0
MOST = 2**20


def pictures(folder):
    """One whole file of each kind, as bytes."""
    scene = radiance(1)
    for name in KINDS:
        if name[-3:] in ("hdr", "exr"):
            write_radiance(folder / name, scene)
        elif name[-4:] in ("heic", "avif"):
            picture = Image.fromarray(np.rint(frames(scene)[1].transpose(1, 2, 0) * 255).astype(np.uint8))
            heic = name.endswith("heic")
            pillow_heif.from_pillow(picture).save(folder / name) if heic else picture.save(folder / name)
        else:
            write_frame(folder / name, frames(scene)[1], BITS.get(name[0], 8))
    return {name: (folder / name).read_bytes() for name in KINDS}


def outcome(decoder, path, what):
    """How one picture ends; anything but an InputError of one line fails the test."""
    refusal = None
    try:
        samples, info = decoder.picture(path, MOST)
    except InputError as error:
        refusal = error
    if refusal is not None:
        assert refusal.code == Exit.INPUT, what
        assert str(path) in str(refusal), what
        assert "\n" not in str(refusal), what
        return "child" if "the decoder" in str(refusal) else "refused"
    assert samples.shape == (info.height, info.width, 3), what
    assert 0 < info.width * info.height <= MOST, what
    assert samples.dtype.kind == "u" or np.isfinite(samples).all(), what
    return "decoded"


def campaign(folder, numbers):
    whole, decoder = pictures(folder), Decoder(PATIENCE, 0.0)
    outcomes = {"decoded": 0, "refused": 0, "child": 0}
    for number in numbers:
        chance = dice("R9", number)
        name, damage = KINDS[number % len(KINDS)], chance.choice(DAMAGES)
        data = bytes(damage(chance, bytearray(whole[name])))
        path = folder / f"damaged-{name}"
        path.write_bytes(data)
        what = f"number {number}: {damage.__name__} of {name}"
        started = time.monotonic()
        outcomes[outcome(decoder, path, what)] += 1
        assert time.monotonic() - started < 12 * PATIENCE, what  # a new child may have to start
    intact = write_frame(folder / "intact.png", frames(radiance(1))[1], 16)
    assert decoder.picture(intact)[1].width == 64, "the parent cannot read on"
    decoder.close()
    return outcomes


@parts(150, MANY)
def test_damaged_pictures_decode_or_are_refused(tmp_path, numbers, count):
    outcomes = campaign(tmp_path, numbers)
    assert min(outcomes["decoded"], outcomes["refused"]) > 0, outcomes
    assert sum(outcomes.values()) == len(numbers)
    count("R9", len(numbers))
