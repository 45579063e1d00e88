"""Stage: score a round on the test scenes, and its pseudo labels against truth that training never reads."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job


def command(
    student: Annotated[Path, typer.Option(help="The round's student (.safetensors).")],
    teacher: Annotated[Path, typer.Option(help="The round's teacher (.safetensors).")],
    scenes: _job.Scenes,
    truths: _job.Truths,
    round_: _job.Round,
    out: _job.Out,
    uncertainty: Annotated[str, typer.Option(help="Uncertainty products of the round.")] = "",
    masks: Annotated[str, typer.Option(help="Mask products of the round.")] = "",
    kept_truths: Annotated[str, typer.Option(help="Truth products of the unlabelled scenes.")] = "",
    threads: _job.Threads = 1,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.evaluate import LabelsOfRound, evaluate

    _job.use_threads(threads)
    job = _job.start("evaluate", "{}", code, log, f"evaluation of round {round_}")
    labels = LabelsOfRound(*(_job.paths(text) for text in (uncertainty, masks, kept_truths)))
    weights = {"student": student, "teacher": teacher}
    evaluate(weights, _job.paths(scenes), _job.paths(truths), labels, round_, out, job)
