"""Try mask thresholds and strategies on the maps of a round: coverage and error, without training."""

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
    round_: Annotated[
        int | None, typer.Option("--round", min=1, help="Number of the round; by default the newest.")
    ] = None,
    strategy: Annotated[str, typer.Option(help="Strategies to try, separated by commas; by default all.")] = "",
    values: Annotated[
        str, typer.Option(help="Thresholds to try on both levels, in addition to those of the run.")
    ] = "0.2,0.4,0.6,0.8",
    level: Annotated[
        str | None, typer.Option(help="Mask level: patch, pixel or bilevel; by default that of the run.")
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Draw the table as a chart into this file.")] = None,
) -> None:
    from tabulate import tabulate

    from hdrpipe.files.atomic import write_bytes
    from hdrpipe.tools.label_next import last_round
    from hdrpipe.tools.preview import preview
    from hdrpipe.tools.preview_plot import plot_png
    from hdrpipe.tools.run_folder import run_folder

    folder = run_folder(run)
    round_folder = last_round(folder) if round_ is None else folder / f"round-{round_:02d}"
    if level not in (None, "patch", "pixel", "bilevel"):
        raise UsageError(f"unknown level {level!r}; allowed: patch, pixel, bilevel", "--level")
    result = preview(round_folder, [name for name in strategy.split(",") if name], _numbers(values), level)
    rows = [
        [
            ">" if row.used else "",
            row.strategy,
            *(f"{v:g}" if isinstance(v, float) else v for v in (row.patch, row.pixel)),
            *(f"{100 * fraction:.0f} %" for fraction in (row.keep_patch, row.keep_pixel, row.keep_rate)),
            *(["-", f"{row.dropped_rmse:.4f}", "-"] if row.psnr is None else _errors(row)),
        ]
        for row in result.rows
    ]
    say(f"{round_folder}: {result.read}; > marks the setting of the run")
    say("Coverage (keep) is that of unlabelled scenes; RMSE and PSNR (mu-law) are those of labelled scenes, which are")
    say("too good where the teacher was trained on them (without crossfit.folds).")
    say_text(tabulate(rows, HEADINGS, tablefmt="simple", disable_numparse=True, colalign=["left"] * 2 + ["right"] * 8))
    for line in result.left_out:
        say(f"left out: {line}")
    if png is not None:
        write_bytes(png, plot_png(result, f"{round_folder}: {result.read}"))
        say(f"wrote {png}")


def _errors(row: Any) -> list[str]:
    return [f"{row.kept_rmse:.4f}", f"{row.dropped_rmse:.4f}", f"{row.psnr:.2f}"]


def _numbers(text: str) -> list[float]:
    try:
        return [float(number) for number in text.split(",") if number]
    except ValueError:
        raise UsageError(
            f"{text!r} is not a list of numbers", "--values", "separate numbers by commas, such as 0.2,0.4"
        ) from None
