"""Stage: make both mask levels of a round from its uncertainty maps; measure the selective risk."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.config.load import parse_spec


def command(
    spec: _job.Spec,
    uncertainty: Annotated[str, typer.Option(help="Uncertainty products of the unlabelled scenes.")],
    labelled: Annotated[Path, typer.Option(help="Uncertainty product of the labelled scenes.")],
    truths: _job.Truths,
    out: _job.Out,
    statistics: Annotated[Path, typer.Option(help="Output file for the statistics (JSON).")],
    kept_truths: Annotated[str, typer.Option(help="Truth products of the unlabelled scenes, for `oracle`.")] = "",
    scenes: Annotated[str, typer.Option(help="Scene products of all these scenes, for `similarity`.")] = "",
    held_out: _job.HeldOut = "",
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.masks import MaskInputs, masks

    job = _job.start("masks", spec, code, log)
    extra = _job.paths(kept_truths), _job.paths(scenes), _job.paths(held_out)
    files = MaskInputs(_job.paths(uncertainty), labelled, _job.paths(truths), *extra)
    masks(parse_spec("masks", spec), files, out, statistics, job)
