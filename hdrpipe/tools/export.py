"""Command `export`: a network as ONNX, for other programs, or as a weights file with its provenance."""

import importlib.util
import logging
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from hdrpipe.errors import UsageError
from hdrpipe.files.atomic import write_bytes
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.files.weights import save_weights
from hdrpipe.imaging.tonemap import inverse_mu_law
from hdrpipe.inference.load import Stored, answer
from hdrpipe.models.network import HdrNet, Prediction

NEEDED = ("onnx", "onnxscript")
LARGEST = 8192
"""Longest side in pixels that the exported network accepts."""

CONTRACT = {
    "frames": "(1, N, 3, H, W) display-coded RGB in [0, 1], ascending exposure, aligned to the middle frame",
    "times": "(1, N) relative exposure times 2 ** (EV - min EV)",
    "noise_level": "(1,) noise variance over that of a small camera at base sensitivity; may be left out: 1",
    "radiance": "(1, 3, H, W) linear, the shortest exposure clips at 1",
    "sigma": "(1, 1, H, W) standard deviation of the error after log(1 + 5000 x) / log(5001)",
}


class _Fusing(nn.Module):
    """A network whose output is radiance instead of tone-mapped values."""

    def __init__(self, net: HdrNet):
        super().__init__()
        self.net = net

    def forward(self, frames: Tensor, times: Tensor, noise_level: Tensor) -> tuple[Tensor, Tensor]:
        prediction = cast(Prediction, self.net(frames, times, noise_level))
        return inverse_mu_law(prediction.tonemapped.clamp(0.0, 1.0)), prediction.sigma


def export_onnx(network: Stored, out: Path) -> None:
    """Write the network as ONNX: inputs `frames`, `times` and `noise_level`, outputs `radiance` and `sigma`.

    It takes one burst at a time. `noise_level` has a default and may be left out; a network that reads no classical
    merge ignores it.

    Height and width are free multiples of `multiple`, which is in the metadata of the file, as are the definitions of
    inputs and outputs.

    Raises:
        UsageError: the extra `onnx` is not installed, or this backbone cannot be exported with free sizes.
    """
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"this needs {', '.join(missing)}, which is not installed", "--onnx", "pip install 'hdrpipe[onnx]'"
        )
    net = network.net.cpu().eval()
    side = 8 * net.multiple
    frames = torch.full((1, net.exposures, 3, side, side + net.multiple), 0.5)
    times = torch.tensor([[4.0**index for index in range(net.exposures)]])
    high, wide = (torch.export.Dim(name, min=2, max=LARGEST // net.multiple) for name in ("height", "width"))
    free = {"frames": {3: net.multiple * high, 4: net.multiple * wide}, "times": None, "noise_level": None}
    inputs = (frames, times, torch.ones(1))
    program = _traced(_Fusing(net).eval(), inputs, free, network.metadata["model"]["backbone"])
    _give_default(program.graph, "noise_level", 1.0)
    metadata = {**CONTRACT, "multiple": str(net.multiple), "content_hash": network.metadata["content_hash"]}
    for key, text in metadata.items():
        entry = program.metadata_props.add()
        entry.key, entry.value = f"hdrpipe.{key}", text
    write_bytes(out, program.SerializeToString())


def _traced(net: nn.Module, inputs: tuple[Tensor, ...], free: dict[str, Any], backbone: str) -> Any:
    """ONNX model of a module; log messages and warnings of the exporter are suppressed."""
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # before `torch.onnx` would try looser ways of tracing, which free sizes that the network fixes
            traced = torch.export.export(net, inputs, dynamic_shapes=free)
            program = torch.onnx.export(
                traced,
                dynamo=True,
                verbose=False,
                optimize=False,  # its rewriting takes what lies within 1e-8 of 0 for 0: `guide` would divide by zero
                input_names=["frames", "times", "noise_level"],
                output_names=["radiance", "sigma"],
            )
        except (torch.onnx.OnnxExporterError, RuntimeError, TypeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise UsageError(
                f"backbone {backbone!r} cannot be exported with free height and width ({reason})", "--onnx"
            ) from error
    if program is None:
        raise UsageError(f"backbone {backbone!r} cannot be exported to ONNX", "--onnx")
    model = program.model_proto
    sides = model.graph.input[0].type.tensor_type.shape.dim[-2:]
    if not all(side.dim_param for side in sides):  # the exporter fixes them without a word where it must
        what = f"exporter fixed them to {' x '.join(str(side.dim_value) for side in sides)}"
        raise UsageError(f"backbone {backbone!r} cannot be exported with free height and width ({what})", "--onnx")
    return model


def _give_default(graph: Any, name: str, value: float) -> None:
    """Let an input (1,) be left out: ONNX takes an initializer of its name for its value then."""
    from onnx.numpy_helper import from_array

    graph.initializer.append(from_array(np.array([value], np.float32), name))


def export_weights(network: Stored, out: Path, provenance: Mapping[str, Any], knows_noise: bool = False) -> str:
    """Write the network as one weights file; returns its content hash.

    The metadata include `about`, its provenance, and `answer`, its output for a fixed burst: with it a later version
    can check that it still builds the same network.

    Args:
        provenance: from `origin`.
        knows_noise: it learned from bursts of any noise, so that its sigma knows it.
    """
    kept = {key: value for key, value in network.metadata.items() if key not in ("content_hash", "answer", "about")}
    added = {"about": dict(provenance), "answer": answer(network.net), "weights": network.metadata["content_hash"]}
    added |= {"knows_noise": True} if knows_noise else {}
    return save_weights(out, network.net.state_dict(), {**kept, **added})


def origin(weights: Path, commit: str | None) -> dict[str, Any]:
    """Provenance of weights: seed, settings, code and versions from the file beside them, and the commit.

    Args:
        weights: a weights file; without provenance beside it the result has the commit only.
        commit: of the code that trained them.
    """
    recorded = sidecar(weights)
    metadata = {key: recorded[key] for key in ("stage", "spec", "code", "versions") if key in recorded}
    seed = recorded.get("spec", {}).get("seed")
    return {**metadata, **({} if seed is None else {"seed": seed}), **({} if commit is None else {"commit": commit})}
