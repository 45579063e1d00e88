"""Fuse your own bursts into HDR pictures with an uncertainty map.

BURST is the pictures of one burst, or folders with one or more bursts each. `hdrpipe fuse shots/ -o out.exr` writes
`out.exr` (linear radiance and the channel `uncertainty.Y`), `out.png` for displays and `out.sigma.png`. Other file
types: .hdr, .tif, .dng for raw editors; .jpg with a gain map and .avif in PQ for HDR displays.
"""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli import _job
from hdrpipe.cli._bar import bar
from hdrpipe.cli._output import raise_failed, say
from hdrpipe.errors import UsageError

KINDS = ("exr", "hdr", "tif", "dng", "jpg", "avif")


def command(
    burst: Annotated[list[Path], typer.Argument(metavar="BURST...", help="Pictures of one burst, or folders.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", help="File to write (.exr, .hdr, .tif, .dng, .jpg, .avif); for several bursts a folder."
        ),
    ],
    run: Annotated[Path | None, typer.Option(help="Fuse with the chosen student of this run (folder or name).")] = None,
    weights: Annotated[Path | None, typer.Option(help="Fuse with this network (.safetensors).")] = None,
    method: Annotated[str | None, typer.Option(help="Fuse with a classical merge: rejecting, debevec, ...")] = None,
    reference: Annotated[
        int | None,
        typer.Option(help="Frame that the result aligns to, 0 = shortest exposure; by default the middle one."),
    ] = None,
    align: Annotated[str, typer.Option(help="Alignment to the reference: none, mtb, homography, dis.")] = "dis",
    blend: Annotated[
        float | None, typer.Option(help="Sigma above which the result fades into the classical merge, e.g. 0.03.")
    ] = None,
    response: Annotated[
        str, typer.Option(help="Response curve: gamma (2.2), srgb, or auto, which estimates it from the pictures.")
    ] = "auto",
    anchor: Annotated[
        str, typer.Option(help="Exposure that clips at 1 in the result: min-ev (the shortest) or reference.")
    ] = "min-ev",
    float32: Annotated[bool, typer.Option("--float", help="Write 32-bit instead of 16-bit floats into .exr.")] = False,
    kind: Annotated[
        str, typer.Option("--format", help="File type where --out is a folder: exr, hdr, tif, dng, jpg or avif.")
    ] = "exr",
    force: Annotated[
        bool, typer.Option("--force", help="Also replace files that fuse did not write, but never inputs.")
    ] = False,
    memory: Annotated[
        float, typer.Option(min=0.3, max=1e6, help="Most memory to use, in GB; tiles are cut to fit.")
    ] = 3.0,
    threads: _job.Threads = 2,
    log: _job.Log = None,
) -> None:
    _job.use_threads(threads)
    from hdrpipe.datasets.correcting import RESPONSES
    from hdrpipe.inference.fuse import Settings
    from hdrpipe.tools.batch import Output, fuse_all, plan
    from hdrpipe.tools.networks import find_network

    _job.start("fuse", "{}", "", log)
    if kind not in KINDS:
        raise UsageError(f"unknown format {kind!r}", "--format", f"choose one of {', '.join(KINDS)}")
    if response not in RESPONSES:
        raise UsageError(f"unknown response {response!r}", "--response", f"choose one of {', '.join(RESPONSES)}")
    if method is not None and (run or weights):
        raise UsageError(
            "a classical merge and a network are both given", "--method", "choose one of --method, --run, --weights"
        )
    output = Output(anchor, not float32, f".{kind}", method is None, force)
    tasks, outcomes = plan(burst, out, output)
    network = find_network(run, weights) if method is None else None
    settings = Settings(reference, align, method, blend, memory, response=response)
    for task in tasks:
        say(f"{task.burst.name}: {_frames(task.burst)}")
    for outcome in fuse_all(tasks, network, settings, output, bar):
        _print(outcome)
        outcomes.append(outcome)
    failed = [(outcome.name, outcome.error) for outcome in outcomes if outcome.error is not None]
    if len(outcomes) > 1:
        say(*(f"{name}: {error}" for name, error in failed), err=True)
    raise_failed(failed, len(outcomes))


def _frames(burst) -> str:
    names = ", ".join(f"{path.name} {ev:+.2f}" for path, ev in zip(burst.frames, burst.ev, strict=True))
    return f"{len(burst.frames)} frames, EV by {burst.source}: {names}"


def _print(outcome) -> None:
    for note in outcome.notes:
        say(f"{outcome.name}: {note}")
    fused = outcome.fused
    if fused is not None and fused.blended is not None:
        say(f"{outcome.name}: {100 * fused.blended:.2f} % blended to the classical merge")
    if outcome.files:
        say(f"{outcome.name}: wrote {', '.join(str(path) for path in outcome.files)}")
