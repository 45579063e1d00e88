"""Weights files: bring in published checkpoints."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli._output import say

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.callback()
def _weights() -> None:
    """Weights files: bring in published checkpoints."""


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A checkpoint that torch saved (.pth): a state dict, bare or wrapped.")],
    arch: Annotated[str, typer.Option(help="hdr_transformer, safnet, safnet_s or ahdrnet.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="The weights file to write (.safetensors).")],
) -> None:
    """Import a published checkpoint: `hdrpipe weights import SAFNet_S.pth --arch safnet_s -o safnet_s.safetensors`.

    Tensors alone are read. The file then starts a warm-up (config key `warmup.weights`), serves as a teacher or fuses
    (`--weights`). Its judge is untrained: sigma means nothing before a warm-up.
    """
    from hdrpipe.tools.weights_import import import_weights

    digest = import_weights(file, arch, out)
    say(f"wrote {out} ({digest[:19]}); its sigma is untrained until a warm-up")
