"""Try thresholds and strategies on the maps of a round: what they keep, and what that is worth, without training."""

from pathlib import Path
from typing import Annotated, Any

import typer

from hdrpipe.cli._output import say, say_text
from hdrpipe.errors import UsageError

HEADINGS = [
    "",
    "strategy",
    "patch",
    "pixel",
    "keep patch",
    "keep pixel",
    "keep",
    "kept RMSE",
    "dropped RMSE",
    "PSNR",
]


def command(
    run: Annotated[str, typer.Argument(help="Folder or name of the run.")],
    round_: Annotated[int | None, typer.Option("--round", min=1, help="The round; the newest by default.")] = None,
    strategy: Annotated[str, typer.Option(help="Strategies to try, separated by commas; all by default.")] = "",
    values: Annotated[str, typer.Option(help="Thresholds for both levels, beside those in use.")] = "0.2,0.4,0.6,0.8",
    level: Annotated[str | None, typer.Option(help="patch, pixel or bilevel; as in use by default.")] = None,
    png: Annotated[Path | None, typer.Option(help="Draw the rows into this file.")] = None,
) -> None:
    from tabulate import tabulate

    from hdrpipe.files.atomic import write_bytes
    from hdrpipe.tools.label_next import last_round
    from hdrpipe.tools.preview import preview
    from hdrpipe.tools.preview_plot import plot_png
    from hdrpipe.tools.run_folder import run_folder

    folder = run_folder(run)
    place = last_round(folder) if round_ is None else folder / f"round-{round_:02d}"
    if level not in (None, "patch", "pixel", "bilevel"):
        raise UsageError(f"unknown level {level!r}; allowed: patch, pixel, bilevel", "--level")
    found = preview(place, [name for name in strategy.split(",") if name], _numbers(values), level)
    rows = [
        [
            ">" if row.used else "",
            row.strategy,
            *(f"{v:g}" if isinstance(v, float) else v for v in (row.patch, row.pixel)),
            *(f"{100 * share:.0f} %" for share in (row.keep_patch, row.keep_pixel, row.keep_rate)),
            *(["-", f"{row.dropped_rmse:.4f}", "-"] if row.psnr is None else _worth(row)),
        ]
        for row in found.rows
    ]
    say(f"{place}: {found.read}; > marks what is in use")
    say("Kept shares are of unlabelled scenes, RMSE and PSNR (mu-law) of labelled ones, which the teacher has seen.")
    say_text(tabulate(rows, HEADINGS, tablefmt="simple", disable_numparse=True, colalign=["left"] * 2 + ["right"] * 8))
    for line in found.left_out:
        say(f"left out: {line}")
    if png is not None:
        write_bytes(png, plot_png(found, f"{place}: {found.read}"))
        say(f"wrote {png}")


def _worth(row: Any) -> list[str]:
    return [f"{row.kept_rmse:.4f}", f"{row.dropped_rmse:.4f}", f"{row.psnr:.2f}"]


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part]
    except ValueError:
        raise UsageError(f"numbers separated by commas, not {text!r}", "--values") from None
