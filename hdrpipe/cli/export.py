"""Export a network: as ONNX for other programs, or as a weights file with its provenance."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli._output import say
from hdrpipe.errors import UsageError


def command(
    run: Annotated[Path | None, typer.Option(help="Export the chosen student of this run, e.g. results/demo.")] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Export this weights file; without --run and --weights, the shipped network.")
    ] = None,
    onnx: Annotated[Path | None, typer.Option(help="Write this .onnx file; height and width stay free.")] = None,
    safetensors: Annotated[Path | None, typer.Option(help="Write this .safetensors file.")] = None,
    commit: Annotated[
        str | None, typer.Option(help="Commit of the code that trained the network, recorded in the weights file.")
    ] = None,
) -> None:
    if onnx is None and safetensors is None:
        raise UsageError("no output is named", "--onnx, --safetensors", "name a file for at least one of them")
    from hdrpipe.inference.load import stored
    from hdrpipe.tools.export import export_onnx, export_weights, origin
    from hdrpipe.tools.networks import find_weights

    source = find_weights(run, weights)
    network = stored(source)
    if safetensors is not None:
        digest = export_weights(network, safetensors, origin(source, commit))
        say(f"wrote {safetensors}: {digest}")
    if onnx is not None:
        export_onnx(network, onnx)
        say(f"wrote {onnx}: height and width must be multiples of {network.net.multiple}")
