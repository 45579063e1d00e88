"""Compare networks and classical merges on your own bursts, without a truth: the one that errs least is named.

The noise of each burst is measured; noise of the same strength splits the reference into a picture that is fused in its
place and one with which the result is compared. Where the reference is neither black nor clipped that tells the error.
Without options: the shipped network, and the merges `denoised` and `rejecting`.
"""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.cli._output import raise_failed, say_text


def command(
    burst: Annotated[list[Path], typer.Argument(metavar="BURST...", help="Pictures of one burst, or folders.")],
    weights: Annotated[list[Path] | None, typer.Option(help="A network (.safetensors); may be repeated.")] = None,
    run: Annotated[list[Path] | None, typer.Option(help="Chosen student of a run (folder or name); likewise.")] = None,
    method: Annotated[list[str] | None, typer.Option(help="A classical merge; likewise.")] = None,
    threads: _job.Threads = 2,
    log: _job.Log = None,
) -> None:
    _job.use_threads(threads)
    from hdrpipe.tools.batch import find_all
    from hdrpipe.tools.risk import BurstRisk, fusions, measure, table

    _job.start("risk", "{}", "", log)
    chosen = fusions(weights or (), run or (), method or ())
    bursts, failed = find_all(burst)
    rows = [BurstRisk(outcome.name, error=outcome.error) for outcome in failed]
    rows += measure(bursts, chosen, _job.Lines("risk"))
    say_text(table(rows, list(chosen)))
    raise_failed([(row.name, row.error) for row in rows if row.error is not None], len(rows))
