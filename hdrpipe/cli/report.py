"""Stage: write the tables, the page and the overview picture of a finished run."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.config.load import parse_spec


def command(
    spec: _job.Spec,
    baselines: Annotated[Path, typer.Option(help="`baselines.csv`.")],
    tables: Annotated[str, typer.Option(help="`metrics.csv` of rounds 0, 1, ... in order.")],
    metrics: Annotated[str, typer.Option(help="`metrics.json` of rounds 0, 1, ... in order.")],
    histories: Annotated[str, typer.Option(help="`history.csv` of rounds 0, 1, ... in order.")],
    statistics: Annotated[str, typer.Option(help="`masks.json` of rounds 1, 2, ... in order.")],
    chosen: Annotated[Path, typer.Option(help="`chosen.json`.")],
    manifests: Annotated[str, typer.Option(help="`manifest-KK.json` of the scenes.")],
    scenes: _job.Scenes,
    truths: _job.Truths,
    predicted: Annotated[str, typer.Option(help="`test.h5` of the chosen round, or of all rounds.")],
    unlabelled: Annotated[str, typer.Option(help="Scene products of the unlabelled scenes.")],
    uncertainty: Annotated[str, typer.Option(help="Uncertainty products of the chosen round, or of all rounds.")],
    masks: Annotated[str, typer.Option(help="Mask products of the chosen round, or of all rounds.")],
    out: _job.Out,
    noise: Annotated[str, typer.Option(help="`noise.json` of matched labels.")] = "",
    compared: Annotated[str, typer.Option(help="Scores of the arms of `compare` on the test scenes.")] = "",
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.report import ReportInputs, report

    files = ReportInputs(
        baselines=baselines,
        tables=_job.paths(tables),
        metrics=_job.paths(metrics),
        histories=_job.paths(histories),
        statistics=_job.paths(statistics),
        chosen=chosen,
        manifests=_job.paths(manifests),
        scenes=_job.paths(scenes),
        truths=_job.paths(truths),
        predicted=_job.paths(predicted),
        unlabelled=_job.paths(unlabelled),
        uncertainty=_job.paths(uncertainty),
        masks=_job.paths(masks),
        noise=_job.paths(noise),
        compared=_job.paths(compared),
    )
    report(parse_spec("report", spec), files, out, _job.start("report", spec, code, log))
