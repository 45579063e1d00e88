"""Import published checkpoints as weights files."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli._output import say

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.callback()
def _weights() -> None:
    """Import published checkpoints as weights files."""


@app.command("import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="A checkpoint written by torch (.pth): a state dict, or a dict that contains one.")
    ],
    arch: Annotated[str, typer.Option(help="hdr_transformer, safnet, safnet_s or ahdrnet.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The weights file to write (.safetensors).")],
) -> None:
    """Import a published checkpoint: `hdrpipe weights import SAFNet_S.pth --arch safnet_s -o safnet_s.safetensors`.

    Only tensors are loaded, averaged ones (`params_ema`) where there are some. The new file can start a warm-up (config
    key `warmup.weights`), label as a teacher, or fuse (`--weights`). Its judge is untrained: sigma means nothing before
    a warm-up.
    """
    from hdrpipe.tools.weights_import import import_weights

    digest, averages = import_weights(file, arch, out)
    if averages:
        say(f"{file} has averaged weights, {averages}: these are taken")
    say(f"wrote {out} ({digest[:19]}); its judge is untrained: sigma means nothing before a warm-up")
