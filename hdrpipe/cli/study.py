"""Stage: compare the arms of a study: means, spread, paired intervals, gap closure; as table and page."""

from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.config.load import parse_spec


def command(
    spec: _job.Spec,
    scores: Annotated[str, typer.Option(help="Tables of all arms, pairs and regimes, in the order of the study.")],
    out: _job.Out,
    code: _job.Code = "",
    log: _job.Log = None,
) -> None:
    from hdrpipe.stages.study import study

    study(parse_spec("study", spec), _job.paths(scores), out, _job.start("study", spec, code, log))
