"""Export a network: as ONNX for other programs, as a weights file with its provenance; its card and its data's; a run.

Example: hdrpipe export --run results/demo --safetensors demo.safetensors --card demo.md --data-card data.md
hdrpipe export --run results/demo --crate demo.zip
"""

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
    card: Annotated[Path | None, typer.Option(help="Write the model card, a Markdown file.")] = None,
    data_card: Annotated[
        Path | None,
        typer.Option(help="Write the card of the data of the run: splits, sources, authors, licences, hashes."),
    ] = None,
    crate: Annotated[
        Path | None,
        typer.Option(help="Write --run as an RO-Crate (.zip): all of its outputs, settings, workflow, versions."),
    ] = None,
    commit: Annotated[
        str | None, typer.Option(help="Commit of the code that trained the network, recorded in the weights file.")
    ] = None,
    knows_noise: Annotated[
        bool,
        typer.Option(
            "--knows-noise",
            help="Record in the weights file that the network learned from bursts of any noise, so that its sigma "
            "knows it: `fuse` then adds none of the burst's noise to sigma, but where frames are compressed.",
        ),
    ] = False,
) -> None:
    outputs = {"--onnx": onnx, "--safetensors": safetensors, "--card": card, "--data-card": data_card, "--crate": crate}
    if not any(outputs.values()):
        raise UsageError("no output is named", ", ".join(outputs), "name a file for at least one of them")
    if data_card is not None and run is None and weights is None:
        raise UsageError("describes a run", "--data-card", "name it with --run, or weights of it with --weights")
    if crate is not None and run is None:
        raise UsageError("describes a run", "--crate", "name it with --run")
    if crate is not None and run is not None:
        _write_crate(run, crate)
    if any(path for option, path in outputs.items() if option != "--crate"):
        _export_network(run, weights, onnx, safetensors, card, data_card, commit, knows_noise)


def _write_crate(run: Path, out: Path) -> None:
    from hdrpipe.tools.crate import write_crate
    from hdrpipe.tools.run_folder import run_folder

    files = write_crate(run_folder(str(run)), out)
    say(f"wrote {out}: {files} files")


def _export_network(
    run: Path | None,
    weights: Path | None,
    onnx: Path | None,
    safetensors: Path | None,
    card: Path | None,
    data_card: Path | None,
    commit: str | None,
    knows_noise: bool,
) -> None:
    from hdrpipe.files.atomic import write_text
    from hdrpipe.inference.load import stored
    from hdrpipe.tools.cards import dataset_card, model_card
    from hdrpipe.tools.export import export_onnx, export_weights, origin
    from hdrpipe.tools.networks import find_weights

    source = find_weights(run, weights)
    network = stored(source)
    if safetensors is not None:
        digest = export_weights(network, safetensors, origin(source, commit), knows_noise)
        say(f"wrote {safetensors}: {digest}")
    if card is not None:
        write_text(card, model_card(stored(safetensors or source), source, commit))
        say(f"wrote {card}")
    if data_card is not None:
        write_text(data_card, dataset_card(source.parents[1]))
        say(f"wrote {data_card}")
    if onnx is not None:
        export_onnx(network, onnx)
        say(f"wrote {onnx}: height and width must be multiples of {network.net.multiple}")
