"""Export a network: as ONNX for other programs, or as one weights file that says where it comes from."""

from pathlib import Path
from typing import Annotated

import typer

from hdrpipe.cli._output import say
from hdrpipe.errors import UsageError


def command(
    run: Annotated[Path | None, typer.Option(help="This run's chosen student, e.g. results/demo.")] = None,
    weights: Annotated[Path | None, typer.Option(help="This network; without either, the shipped one.")] = None,
    onnx: Annotated[Path | None, typer.Option(help="Write NAME.onnx; height and width stay free.")] = None,
    safetensors: Annotated[Path | None, typer.Option(help="Write NAME.safetensors.")] = None,
    commit: Annotated[
        str | None, typer.Option(help="Commit of the code that trained it, for the weights file.")
    ] = None,
) -> None:
    if onnx is None and safetensors is None:
        raise UsageError("nothing to write", "--onnx, --safetensors", "name a file")
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
        say(f"wrote {onnx}: height and width in multiples of {network.net.multiple}")
