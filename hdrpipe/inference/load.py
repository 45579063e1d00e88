"""A network out of its weights file, on the CPU."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from hdrpipe.errors import InputError
from hdrpipe.files.weights import load_weights
from hdrpipe.imaging.camera import expose
from hdrpipe.models.network import HdrNet, build

SHIPPED = Path(__file__).with_name("shipped.safetensors")
"""The network that comes with the package: the warm-up of configs/shipped.yaml."""


SIDE = 24
"""Side of the picture to which `answer` answers: small, and a multiple of what every backbone asks for."""


@dataclass(frozen=True)
class Stored:
    """A network and what its file says: `model`, `content_hash`, `steps`, `averaged`, `knows_noise` and more."""

    net: HdrNet
    metadata: dict[str, Any]


def stored(path: Path) -> Stored:
    """Build the network that a weights file describes and give it its weights.

    Raises:
        InputError: no such file; it holds no network (an optimizer's state, say), or one that this version builds
            otherwise.
        DamagedError: the file was not written by hdrpipe, or is damaged.
        UsageError: a backbone or an option that this version does not have.
    """
    tensors, metadata = load_weights(path)
    role = metadata.get("role", "network")
    if role == "optimizer" or "model" not in metadata:
        raise InputError(f"holds no network but an {role}", path, "name a student or a teacher")
    try:
        net = build(metadata["model"])
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise InputError(f"describes no network that can be built ({type(error).__name__})", path) from None
    try:
        net.load_state_dict(tensors)
    except RuntimeError:
        expected, actual = ({k: tuple(v.shape) for k, v in d.items()} for d in (net.state_dict(), tensors))
        name = min((name for name in {**expected, **actual} if expected.get(name) != actual.get(name)), default="?")
        what = f"does not fit backbone {metadata['model']['backbone']!r}: {name} is {actual.get(name)}"
        raise InputError(what, path, f"wanted {expected.get(name)}; train it anew with this version") from None
    return Stored(net, metadata)


def answer(net: HdrNet) -> list[float]:
    """Values that a network predicts for a fixed burst, after the mu-law, and of sigma: they identify the network."""
    rows, columns = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    waves = [
        torch.sin(0.37 * rows + 0.11 * k * columns) * torch.cos(0.23 * columns - 0.05 * k * rows) for k in (1, 2, 3)
    ]
    radiance = 0.4 * (1.05 + torch.stack(waves)) ** 3 / 8.6
    times = torch.tensor([4.0**index for index in range(net.exposures)])
    moved = torch.stack([radiance.roll(3 * index, -1) for index in range(net.exposures)])
    frames = expose(moved * times[:, None, None, None], 1.0)
    training = net.training
    with torch.inference_mode():
        prediction = net.cpu().eval()(frames[None], times[None])
    net.train(training)
    values = torch.cat([prediction.tonemapped[0], prediction.sigma[0]])[:, 3::6, 3::6]
    return [round(float(value), 5) for value in values.flatten()]
