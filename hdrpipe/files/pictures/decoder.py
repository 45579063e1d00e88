"""Foreign pictures are decoded in a child with memory and time limits: whatever a file does, this process goes on.

One child serves many pictures; it is started on first use, and again when a picture has killed it.
"""

import contextlib
import io
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

import hdrpipe
from hdrpipe.errors import CapacityError, InputError
from hdrpipe.files.pictures.images import PictureInfo
from hdrpipe.files.pictures.metadata import CameraData
from hdrpipe.files.system import SIGKILL, kills

MAX_PIXELS = 2**28
"""Most pixels of a foreign picture: beyond medium-format cameras (150 megapixels), below what fits no memory."""

SECONDS = 20.0
SECONDS_PER_MEGAPIXEL = 2.0
"""Patience with a picture: ten times what a slow machine takes to develop a RAW file."""

START_SECONDS = 120.0
"""Patience with a child that starts on a busy machine."""

MAX_LINE = 2**16
DTYPES = ("|u1", "<u2", "<f2", "<f4", "<u4")


@dataclass(frozen=True)
class PictureHeader:
    """Format, size and camera data of a picture, read without decoding it.

    Attributes:
        format: see `PictureInfo`.
        width, height: in pixels, by the header.
        camera: EXIF.
        white_balance: the camera's own multipliers of a RAW picture, else None.
        noise: variance per unit of signal and at black of the developed picture (linear, in [0, 1]), as a DNG states
            it (NoiseProfile); None for files that state nothing.
    """

    format: str
    width: int
    height: int
    camera: CameraData
    white_balance: tuple[float, ...] | None
    noise: tuple[float, ...] | None = None


class Decoder:
    """A child process that decodes pictures, one at a time; safe to share between threads.

    Args:
        seconds: patience with any picture.
        per_megapixel: further patience for every million pixels by the header.
    """

    def __init__(self, seconds: float = SECONDS, per_megapixel: float = SECONDS_PER_MEGAPIXEL):
        self.seconds, self.per_megapixel = seconds, per_megapixel
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._rest = b""
        self._kills = 0
        self._lock = threading.Lock()

    def picture(
        self,
        path: Path | str,
        max_pixels: int = MAX_PIXELS,
        white_balance: Sequence[float] | None = None,
        saturation: float = 1.0,
    ) -> tuple[NDArray[Any], PictureInfo]:
        """Decode a picture: RGB samples (H, W, 3), see `images.decode`.

        Raises:
            InputError: see `images.decode`; also: the decoder crashed, took too long or too much memory.
            CapacityError: the kernel ended it because the machine's memory ran out.
        """
        with self._lock, self._errors_named(path):
            options = {"white_balance": white_balance, "saturation": saturation}
            self._ask("picture", path, max_pixels=max_pixels, **options)
            width, height = self._hear(self.seconds)["size"]
            with self._patience(self.seconds + self.per_megapixel * int(width) * int(height) / 1e6):
                answer = self._answer()
                shape, dtype = tuple(int(size) for size in answer["shape"]), str(answer["dtype"])
                if len(shape) != 3 or shape[2] != 3 or not 0 < shape[0] * shape[1] <= max_pixels or dtype not in DTYPES:
                    raise _ChildError("sent samples of an impossible shape or type")
                samples = np.empty(shape, dtype)
                self._fill(samples.reshape(-1).view(np.uint8).data)
                opaque = np.empty(shape[:2], np.uint8) if answer["alpha"] else None
                if opaque is not None:
                    self._fill(opaque.reshape(-1).data)
        return samples, PictureInfo(
            format=str(answer["format"]),
            width=shape[1],
            height=shape[0],
            dtype=str(samples.dtype),
            radiance=answer["format"] in ("hdr", "exr"),
            notes=tuple(str(note) for note in answer["notes"]),
            matrix=None if answer["matrix"] is None else tuple(float(number) for number in answer["matrix"]),
            orientation=int(answer["orientation"]),
            coarse=bool(answer["coarse"]),
            opaque=None if opaque is None else opaque > 0,
            quality=int(answer["quality"]),
        )

    def header(self, path: Path | str, max_pixels: int = MAX_PIXELS) -> PictureHeader:
        """Header and EXIF of a picture.

        Raises:
            InputError: it is no picture that can be read, or too large.
        """
        with self._lock, self._errors_named(path):
            self._ask("header", path, max_pixels=max_pixels)
            answer = self._hear(self.seconds)
            balance, noise = answer["white_balance"], answer["noise"]
            return PictureHeader(
                format=str(answer["format"]),
                width=int(answer["width"]),
                height=int(answer["height"]),
                camera=_camera(answer["camera"]),
                white_balance=None if balance is None else tuple(float(factor) for factor in balance),
                noise=None if noise is None else tuple(float(number) for number in noise),
            )

    def tones(self, path: Path | str, bins: int, max_pixels: int = MAX_PIXELS) -> NDArray[np.int64]:
        """Counts of the sensor's values of a RAW picture (colours, bins), see `raw.tones`; no colours where unknown.

        Raises:
            InputError: it is no RAW picture that can be read, or too large.
        """
        with self._lock, self._errors_named(path):
            self._ask("tones", path, max_pixels=max_pixels, bins=bins)
            counts = self._hear(self.seconds)["tones"]
            return np.array(counts, np.int64).reshape(len(counts), bins)

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None and self._owner == os.getpid():
            child.kill()
            child.wait()
            for stream in (child.stdin, child.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()

    @contextlib.contextmanager
    def _errors_named(self, path: Path | str):
        """Errors of the child become one line that names the picture, and the next picture gets a new child."""
        try:
            yield
        except _ChildError as error:
            self.close()
            raise InputError(f"cannot be decoded: the decoder {error}", path) from None
        except (KeyError, TypeError, ValueError, OSError) as error:
            self.close()
            raise InputError(f"cannot be decoded: the decoder failed ({type(error).__name__})", path) from error
        except InputError:
            raise
        except BaseException:
            self.close()  # an answer is still on its way: the child is of no more use
            raise

    def _ask(self, what: str, path: Path | str, **more: Any) -> None:
        if self._child is None or self._owner != os.getpid() or self._child.poll() is not None:
            self.close()
            self._start()
        self._asked = path
        request = {"do": what, "path": os.path.abspath(path), **more}
        if self._child is None or self._child.stdin is None:
            raise _ChildError("did not start")
        self._child.stdin.write(json.dumps(request).encode() + b"\n")
        self._child.stdin.flush()

    def _start(self) -> None:
        root = str(Path(hdrpipe.__file__).parents[1])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "hdrpipe.files.pictures.decoder_child"]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, bufsize=0
        )
        self._owner, self._rest, self._kills = os.getpid(), b"", kills()
        try:
            self._hear(START_SECONDS)
        except _ChildError:
            raise _ChildError("does not start; is too little memory allowed (ulimit -v)?") from None

    @contextlib.contextmanager
    def _patience(self, seconds: float) -> Iterator[None]:
        """Context in which the child answers; it is killed when the time is over, which ends its answers."""
        late = threading.Event()

        def stop(child: subprocess.Popen[bytes] | None = self._child) -> None:
            late.set()
            if child is not None:
                child.kill()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        try:
            timer.start()
        except RuntimeError as error:
            raise _ChildError("cannot be watched: no thread can be started") from error
        try:
            yield
        except (_ChildError, CapacityError):
            if late.is_set():
                raise _ChildError("took too long and was stopped") from None
            raise
        finally:
            timer.cancel()
            timer.join()
            if late.is_set():
                self.close()

    def _hear(self, seconds: float) -> dict[str, Any]:
        """See `_answer`; after so many seconds the child is stopped."""
        with self._patience(seconds):
            return self._answer()

    def _answer(self) -> dict[str, Any]:
        """The next line of the child; its error becomes an InputError."""
        while b"\n" not in self._rest:
            if len(self._rest) > MAX_LINE:
                raise _ChildError("sent an answer of more than one line")
            self._rest += self._read(MAX_LINE)
        line, _, self._rest = self._rest.partition(b"\n")
        answer = json.loads(line)
        if "error" in answer:
            what, hint = answer["error"]
            raise InputError(str(what), self._asked, str(hint))
        return answer

    def _fill(self, target: memoryview) -> None:
        head = self._rest[: len(target)]
        target[: len(head)] = head
        filled, self._rest = len(head), self._rest[len(head) :]
        while filled < len(target):
            filled += self._read_into(target[filled:])

    def _read(self, most: int) -> bytes:
        data = bytearray(most)
        return bytes(data[: self._read_into(memoryview(data))])

    def _read_into(self, target: memoryview) -> int:
        """Number of bytes that were there to be read."""
        if self._child is None or self._child.stdout is None:
            raise _ChildError("has ended")
        count = cast(io.FileIO, self._child.stdout).readinto(target)
        if not count:
            raise self._ended(self._child)
        return count

    def _ended(self, child: subprocess.Popen[bytes]) -> Exception:
        """Error for a child whose answers have ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(1.0)
        if child.returncode == -SIGKILL and kills() > self._kills:
            what = "the kernel ended the decoder for lack of memory"
            return CapacityError(what, self._asked, "free memory, or run less at a time")
        return _ChildError("was killed" if child.returncode == -SIGKILL else "crashed on it")


class _ChildError(Exception):
    """The child does not answer as it should."""


def _camera(answer: dict[str, Any]) -> CameraData:
    """Camera data out of JSON, every number checked again."""
    numbers: dict[str, float | None] = {}
    for name in ("seconds", "iso", "aperture", "taken", "bias", "offset"):
        value = answer.get(name)
        numbers[name] = float(value) if isinstance(value, int | float) and math.isfinite(value) else None
    flags: dict[str, bool | None] = {}
    for name in ("bracketed", "by_hand"):
        flag = answer.get(name)
        flags[name] = flag if isinstance(flag, bool) else None
    return CameraData(
        **numbers,
        **flags,
        orientation=int(answer.get("orientation") or 1),
        body=str(answer.get("body") or ""),
    )


@cache
def shared() -> Decoder:
    """The decoder of this process."""
    return Decoder()
