"""Command line: one file for each command, and `main`, which turns errors into one line and an exit code."""

import importlib
import json
import logging
import os
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import typer

from hdrpipe import __version__
from hdrpipe.errors import Exit, HdrpipeError
from hdrpipe.terminal import one_line

# Idle OpenMP threads sleep instead of spinning: on a shared machine spinning slows small networks a hundredfold.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

ERROR_FILE = "TORCHELASTIC_ERROR_FILE"
"""Environment variable that torchrun sets: the file from which it reports the error of a process once."""

app = typer.Typer(
    help="HDR reconstruction from bursts: fuse pictures, inspect training runs, and the stages of the workflow.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for _file in sorted(Path(__file__).parent.glob("[!_]*.py")):
    _module = importlib.import_module(f"hdrpipe.cli.{_file.stem}")
    if hasattr(_module, "command"):
        _settings = getattr(_module, "SETTINGS", None)  # of click
        app.command(_file.stem.replace("_", "-"), help=_module.__doc__, context_settings=_settings)(_module.command)
    elif hasattr(_module, "app"):  # a command with subcommands
        app.add_typer(_module.app, name=_file.stem)


@app.callback(invoke_without_command=True)
def _version(version: bool = typer.Option(False, "--version", help="Print the version.")) -> None:
    if version:
        typer.echo(f"hdrpipe {__version__}")
        raise typer.Exit


logging.getLogger("hdrpipe").addHandler(logging.NullHandler())  # without a log, only `main` prints an error


def main() -> None:
    """Entry point: every error ends as one line on stderr and the exit code of its kind."""
    if sys.platform != "linux":
        _leave("hdrpipe runs on Linux only: it renames and locks files as POSIX systems do", Exit.USAGE)
    try:
        code = app(standalone_mode=False)
        logging.getLogger("hdrpipe").debug("finished")
        sys.exit(code if isinstance(code, int) else 0)
    except HdrpipeError as error:
        _leave(str(error), error.code)
    except MemoryError:
        _leave("out of memory; use smaller crops, a smaller batch, or more shards", Exit.CAPACITY)
    except (typer.Exit, typer.Abort) as error:
        sys.exit(getattr(error, "exit_code", 1))
    except KeyboardInterrupt:
        _leave("interrupted", Exit.STOPPED)
    except Exception as error:
        if hasattr(error, "format_message"):
            _leave(error.format_message(), Exit.USAGE)  # pyright: ignore[reportAttributeAccessIssue]
        traceback.print_exc()
        _leave(f"this is a bug: {type(error).__name__}: {error}", Exit.BUG)


def _leave(message: str, code: Exit) -> None:
    error_file = os.environ.get(ERROR_FILE)
    if error_file:
        with suppress(OSError):  # a full disk; then the error is printed below
            Path(error_file).write_text(json.dumps({"message": message, "timestamp": time.time()}), encoding="utf-8")
            sys.exit(int(code))
    logger = logging.getLogger("hdrpipe")
    if logger.handlers:
        logger.error(message)
    print(f"hdrpipe: error: {one_line(message)}", file=sys.stderr)
    sys.exit(int(code))
