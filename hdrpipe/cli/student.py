"""Stage: train the student of a round on labels and masked pseudo labels."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job, _launch
from hdrpipe.config.load import parse_spec


def command(
    spec: _job.Spec,
    scenes: _job.Scenes,
    truths: _job.Truths,
    unlabelled: Annotated[str, typer.Option(help="Scene products of the unlabelled scenes.")],
    uncertainty: Annotated[str, typer.Option(help="Uncertainty products of the unlabelled scenes.")],
    masks: Annotated[str, typer.Option(help="Mask products of the unlabelled scenes.")],
    teacher: Annotated[Path, typer.Option(help="The teacher, whose moving average goes on (.safetensors).")],
    round_: _job.Round,
    out: _job.Out,
    state: _job.State,
    held_out: _job.HeldOut = "",
    start: Annotated[Path | None, typer.Option(help="Weights to start from; by default new ones.")] = None,
    optimizer: Annotated[Path | None, typer.Option(help="Optimizer state to start from; by default a new one.")] = None,
    threads: _job.Threads = 1,
    devices: _launch.Devices = 1,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    if _launch.launched(devices, log):
        return
    from hdrpipe.stages.student import StudentInputs, student

    _job.use_threads(threads, devices)
    job = _job.start("student", spec, code, log, f"student of round {round_}")
    files = StudentInputs(
        labelled=_job.paths(scenes),
        truths=_job.paths(truths),
        unlabelled=_job.paths(unlabelled),
        uncertainty=_job.paths(uncertainty),
        masks=_job.paths(masks),
        held_out=_job.paths(held_out),
        teacher=teacher,
        start=start,
        optimizer=optimizer,
    )
    student(parse_spec("student", spec), files, round_, out, state, job)
