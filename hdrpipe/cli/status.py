"""Show the jobs of a run: state, progress, time; from any shell."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli._output import say, say_text


def command(run: Annotated[str, typer.Argument(help="Folder or name of the run.")]) -> None:
    from tabulate import tabulate

    from hdrpipe.tools.run_folder import run_folder
    from hdrpipe.tools.status import job_states, steps_of_all

    folder = run_folder(run)
    states = job_states(folder)
    kinds = ("running", "done", "failed", "stopped", "unknown")
    counts = {kind: sum(job.state == kind for job in states) for kind in kinds}
    summary = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "no job has started"
    steps = steps_of_all(Path())
    say(f"{folder}: {summary}" + (f"; Snakemake's last call here: {steps[0]} of {steps[1]} jobs done" if steps else ""))
    rows = [
        [
            job.name,
            job.state,
            f"{job.done}/{job.total}" if job.total else "",
            f"{100 * job.done // job.total} %" if job.total else "",
            job.eta,
            f"{round(job.seconds) // 60}:{round(job.seconds) % 60:02d}",
            job.words[:80],
        ]
        for job in states
    ]
    headings = ["job", "state", "done", "", "ETA", "took", "last message"]
    say_text(tabulate(rows, headings, tablefmt="simple", disable_numparse=True))
