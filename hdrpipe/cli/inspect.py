"""Show what a product or weights file holds, draw one of its scenes, or compare two products (two rounds)."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli._output import say, say_text
from hdrpipe.errors import UsageError


def command(
    file: Annotated[Path, typer.Argument(help="A product (.h5) or weights (.safetensors) of a run.")],
    other: Annotated[Path | None, typer.Argument(help="A second product of the same kind, to compare.")] = None,
    scene: Annotated[str | None, typer.Option(help="Show this scene only.")] = None,
    png: Annotated[Path | None, typer.Option(help="Draw the scene into this file.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print statistics of every field and scene as CSV.")] = False,
) -> None:
    if other is not None:
        from hdrpipe.tools.inspect_two import compared

        if csv or png:
            raise UsageError("a comparison of two files is text only", "--csv" if csv else "--png", "leave it out")
        say_text(compared(file, other, scene))
    elif png is not None:
        from hdrpipe.files.atomic import write_bytes
        from hdrpipe.tools.inspect_pictures import scene_png

        if scene is None:
            raise UsageError("a picture shows one scene", "--png", "add --scene NAME")
        write_bytes(png, scene_png(file, scene))
        say(f"wrote {png}")
    else:
        _describe(file, scene, csv)


def _describe(file: Path, scene: str | None, csv: bool) -> None:
    from hdrpipe.tools import inspect

    if file.suffix == ".safetensors":
        say_text(inspect.describe_weights(file))
    elif csv:
        say_text(inspect.csv_text(file, scene).removesuffix("\n"))
    else:
        say_text(inspect.describe(file, scene))
