"""The child that decodes foreign pictures for `decoder`: `python -m hdrpipe.files.pictures.decoder_child`.

Requests come as lines of JSON on stdin. Each answer is a line of JSON, after a picture's followed by its samples.
Nothing but JSON and plain numbers crosses, so that a child taken over by a picture has no words to hurt its parent.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from hdrpipe.errors import HdrpipeError
from hdrpipe.files import system
from hdrpipe.files.pictures import headers, images, raw
from hdrpipe.files.pictures.metadata import camera_data

MEMORY = 2**29
"""Bytes that any request may take."""

BYTES_PER_PIXEL = {"exr": 4 * 2 * headers.CHANNELS}
OTHER_BYTES_PER_PIXEL = 64
"""Bytes more for each pixel of the header: samples, their copies, the workspace of a RAW developer."""


def main() -> None:
    """Answer requests until stdin ends."""
    system.end_with_parent(system.SIGKILL)
    system.forbid_files()
    Image.MAX_IMAGE_PIXELS = None  # `headers.measure` has a limit of its own, above Pillow's
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # decoders may print: keep that out of the answers
    os.dup2(silence, 2)
    _tell(answers, {"ready": True})
    for line in sys.stdin.buffer:
        _answer(json.loads(line), answers)


def _answer(request: dict[str, Any], answers: BinaryIO) -> None:
    try:
        system.limit_growth(MEMORY)
        _REQUESTS[request["do"]](request, answers)
    except HdrpipeError as error:
        _tell(answers, {"error": [error.what, error.hint or _memory_hint()]})
    except MemoryError:
        _tell(answers, {"error": ["needs more memory than it is given by its size", _memory_hint()]})
    except Exception as error:  # foreign bytes: the decoders have no closed list of what they raise
        reason = getattr(error, "strerror", None) or type(error).__name__
        _tell(answers, {"error": [f"cannot be decoded ({reason})", _memory_hint()]})


def _picture(request: dict[str, Any], answers: BinaryIO) -> None:
    path, most = request["path"], int(request["max_pixels"])
    kind, width, height = headers.measure(path, most)
    _tell(answers, {"size": [width, height]})  # the parent's patience grows with it
    system.limit_growth(MEMORY + width * height * BYTES_PER_PIXEL.get(kind, OTHER_BYTES_PER_PIXEL))
    samples, info = images.decode(path, most, request["white_balance"], request["saturation"])
    answer = {"format": info.format, "shape": samples.shape, "dtype": samples.dtype.str, "notes": info.notes}
    answer |= {
        "matrix": info.matrix,
        "orientation": info.orientation,
        "coarse": info.coarse,
        "quality": info.quality,
        "alpha": info.opaque is not None,
    }
    _tell(answers, answer)
    for array in (samples, *([] if info.opaque is None else [info.opaque])):
        rest = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        while rest:
            rest = rest[answers.write(rest) :]


def _header(request: dict[str, Any], answers: BinaryIO) -> None:
    path = request["path"]
    kind, width, height = headers.measure(path, int(request["max_pixels"]))
    camera, balance, noise = camera_data(path), None, None
    if kind == "raw":
        balance, exposure, noise = raw.exposure_data(path)
        camera = camera if camera.seconds else exposure
    answer = {"format": kind, "width": width, "height": height, "white_balance": balance, "noise": noise}
    _tell(answers, answer | {"camera": vars(camera)})


def _tones(request: dict[str, Any], answers: BinaryIO) -> None:
    headers.measure(request["path"], int(request["max_pixels"]))
    _tell(answers, {"tones": raw.tones(request["path"], int(request["bins"]))})


_REQUESTS: dict[str, Callable[[dict[str, Any], BinaryIO], None]] = {
    "picture": _picture,
    "header": _header,
    "tones": _tones,
}


def _tell(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")


def _memory_hint() -> str:
    """Advice where the limit of the process, not the picture's own, may have made decoding fail."""
    allowed = system.growth_held_back()
    return "" if allowed is None else f"only {allowed >> 20} MiB are allowed (ulimit -v): allow more and try again"


if __name__ == "__main__":
    main()
