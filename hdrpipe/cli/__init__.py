"""Entry point of the command line (`_app`): every error becomes one line and an exit code."""

import json
import logging
import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from hdrpipe.errors import LOST, CapacityError, Exit, HdrpipeError, Stop, is_memory, unread
from hdrpipe.files.system import SIGPIPE, allowed_memory
from hdrpipe.terminal import escape_unencodable, one_line

# Idle OpenMP threads sleep instead of spinning: on a shared machine spinning slows small networks a hundredfold.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# Figures are written to files. The backend that a notebook sets for the commands it calls may not be installed here.
os.environ["MPLBACKEND"] = "agg"

ERROR_FILE = "TORCHELASTIC_ERROR_FILE"
"""Environment variable that torchrun sets: the file from which it reports the error of a process once."""

ADDRESS_SPACE = 2**31
"""Bytes of address space that torch and OpenCV take with a small picture; with less, libraries end the process."""

logging.getLogger("hdrpipe").addHandler(logging.NullHandler())  # without a log, only `main` prints an error


def main() -> None:
    """Run the command line; an error ends it as one line on stderr with the exit code of its kind."""
    escape_unencodable()
    try:
        code = _run()
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # typer's answer to a reader that is gone, as `| head` is
            sys.exit(128 + SIGPIPE)
        raise
    except BaseException as error:
        _leave(*_explained(error))
    sys.exit(code)


def _run() -> int:
    _check_memory()
    from hdrpipe.cli._app import app

    code = app(standalone_mode=False)
    logging.getLogger("hdrpipe").debug("finished")
    if sys.stdout is not None:
        sys.stdout.flush()
    return code if isinstance(code, int) else 0


def _check_memory() -> None:
    allowed = allowed_memory()
    if allowed is not None and allowed < ADDRESS_SPACE:
        what = f"only {allowed >> 20} MiB of memory are allowed; hdrpipe needs {ADDRESS_SPACE >> 20} MiB or more"
        raise CapacityError(what, "ulimit -v", "allow more, or `ulimit -v unlimited`")


def _explained(error: BaseException) -> tuple[str, int]:
    """Message and exit code of an error; of a bug, its traceback is printed."""
    if isinstance(error, HdrpipeError):
        return str(error), error.code
    if isinstance(error, Stop):
        return str(error), Exit.STOPPED
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", Exit.STOPPED
    if is_memory(error):
        return "out of memory; use smaller crops, a smaller batch, or more shards", Exit.CAPACITY
    if isinstance(error, OSError):
        from hdrpipe.files.atomic import FULL, translated

        if error.errno in FULL:
            return str(translated(error, Path(error.filename or "standard output"))), Exit.CAPACITY
        if error.errno in LOST:
            return str(unread(error)), Exit.INPUT
    if hasattr(error, "format_message"):
        return error.format_message(), Exit.USAGE  # pyright: ignore[reportAttributeAccessIssue]
    if hasattr(error, "exit_code"):  # typer's Exit and Abort
        return "", error.exit_code  # pyright: ignore[reportAttributeAccessIssue]
    with suppress(OSError):
        traceback.print_exc()
    return f"this is a bug: {type(error).__name__}: {error}", Exit.BUG


def _leave(message: str, code: int) -> NoReturn:
    error_file = os.environ.get(ERROR_FILE)
    if message and error_file:
        with suppress(OSError):  # a full disk; then the error is printed below
            Path(error_file).write_text(json.dumps({"message": message, "timestamp": time.time()}), encoding="utf-8")
            sys.exit(int(code))
    logger = logging.getLogger("hdrpipe")
    if message and logger.handlers:
        logger.error(message)
    if message:
        with suppress(OSError):  # standard error is full: the exit code is left
            print(f"hdrpipe: error: {one_line(message)}", file=sys.stderr)
    _drop_unwritten()
    sys.exit(int(code))


def _drop_unwritten() -> None:
    """Give up what standard output and error do not take: Python would try again and change the exit code."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None where the descriptor is closed
        try:
            stream.flush()
        except OSError:
            with open(os.devnull, "wb") as nothing:
                os.dup2(nothing.fileno(), stream.fileno())
