"""One training on several devices: its command runs once more in a process for each, started by torch.distributed."""

import logging
import os
import signal
import sys
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hdrpipe.cli._job import LOG_STARTED, MOST_THREADS, write_log
from hdrpipe.cli._process import PARENT, supervise
from hdrpipe.config.batch_share import LAUNCHED
from hdrpipe.errors import CapacityError, Exit, HdrpipeError, StoppedError
from hdrpipe.files import stops
from hdrpipe.files.system import SIGKILL, kills, peak_bytes

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

Devices = Annotated[
    int,
    typer.Option(
        min=0,
        max=MOST_THREADS,
        help="Number of devices of this machine, one process each, that share every batch and the threads; 0: none.",
    ),
]

SIGNALS = ",".join(number.name for number in stops.SIGNALS)
"""Signals that are passed on to all processes."""


def launched(devices: int, log: Path | None) -> bool:
    """Run this command in one process for each of several devices; False if this process should do the work.

    Args:
        devices: 0 and 1 start nothing.
        log: file of the first process's log, to which an error is appended.

    Raises:
        HdrpipeError: error of the first process that failed, with its exit code.
        StoppedError: a signal stopped the training, or one of its processes.
    """
    if devices <= 1 or LAUNCHED in os.environ:
        return False
    supervise()
    os.environ[PARENT] = str(os.getpid())  # they end with this process, which ends with Snakemake
    fault = _run(devices)
    if fault:
        if log:
            write_log(log, mode="a")
        raise fault
    return True


def _run(devices: int) -> HdrpipeError | None:
    from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    engine = logging.getLogger("torch.distributed.elastic")
    engine.addHandler(logging.NullHandler())  # its report of a failure is replaced by one line
    engine.propagate = False
    before = kills()
    with tempfile.TemporaryDirectory(prefix="hdrpipe-") as folder:
        os.environ[LOG_STARTED] = str(Path(folder, "log-started"))
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=devices,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            local_addr="localhost",
            run_id=uuid.uuid4().hex,
            max_restarts=0,
            signals_to_handle=SIGNALS,
            logs_specs=DefaultLogsSpecs(log_dir=folder),
        )
        try:
            elastic_launch(config, sys.executable)("-P", "-m", "hdrpipe", *sys.argv[1:])
        except SignalException as error:
            return StoppedError(f"stopped by {error.sigval.name}", hint="run it again, it goes on from its saved state")
        except ChildFailedError as error:
            return ending(list(error.failures.values()), devices, kills() > before)
    return None


def ending(failures: "list[ProcessFailure]", devices: int, memory: bool = False) -> HdrpipeError:
    """Error that ended a training: the first one; the other processes were stopped because of it.

    `memory` is True if the kernel ended a process for lack of memory meanwhile.
    """
    stopped = (Exit.STOPPED, -signal.SIGTERM)
    first = min(failures, key=lambda failure: (failure.exitcode in stopped, failure.timestamp))
    if first.exitcode == -SIGKILL and memory:
        peak = f"peak {peak_bytes(children=True) / 1e9:.1f} GB"
        what = f"process {first.local_rank + 1} of {devices} was ended by the kernel: out of memory, {peak}"
        return CapacityError(what, hint="lower `batch` or `crop`; a new start goes on from the saved state")
    if first.exitcode < 0:
        what = f"process {first.local_rank + 1} of {devices} was ended by {first.signal_name()}"
        return StoppedError(what, hint="run it again, it goes on from its saved state")
    code = Exit(first.exitcode) if first.exitcode in list(Exit) else Exit.BUG
    if Path(first.error_file).is_file():
        return HdrpipeError(first.message, code=code)
    what = f"process {first.local_rank + 1} of {devices} ended with exit code {first.exitcode}"
    return HdrpipeError(what, hint="see its messages above", code=code)
