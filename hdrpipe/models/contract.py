"""What every backbone keeps to, and the network that the rest of the package sees.

A backbone file defines `Options` (a pydantic class) and `Backbone(options, exposures, out_channels)`, an `nn.Module`
with

- `features`: channels of the feature that the judge reads,
- `multiple`: height and width must be multiples of it,
- `forward(frames (B, N, 6, H, W), times (B, N)) -> (head (B, out_channels, H, W), feature (B, features, h, w))`.

Frames carry [radiance, ldr] of each exposure, ascending; the reference is the middle one.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from hdrpipe import plugins
from hdrpipe.errors import InputError, UsageError
from hdrpipe.imaging.camera import radiance_from_ldr
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.models.guide import guide
from hdrpipe.models.judge import Judge

OUTPUTS = ("merge", "sigmoid")

TRUST = 4.0
"""Logit of the classical merge beside those of the exposures, which start near 0: it begins with 95 % of the weight."""

RESIDUAL = 0.05
"""Scale of the residual: what is left to learn are hundredths, and a step of the optimizer should not be more."""


class Prediction(NamedTuple):
    """A picture and how far it may be off, both in the mu-law domain."""

    tonemapped: Tensor
    """(B, 3, H, W); not clamped, so that a loss still pulls back what leaves [0, 1]."""
    sigma: Tensor
    """(B, 1, H, W) standard deviation, >= SIGMA_MIN."""


def reference_of(exposures: int) -> int:
    """Index of the exposure that the result aligns to: the middle one."""
    return exposures // 2


def pack(ldr: Tensor, times: Tensor) -> Tensor:
    """The input of a backbone.

    Args:
        ldr: display-coded frames in [0, 1], (B, N, 3, H, W).
        times: relative exposure times, (B, N).

    Returns:
        [radiance, ldr] of each exposure, (B, N, 6, H, W).
    """
    return torch.cat([radiance_from_ldr(ldr, times), ldr], dim=2)


class HdrNet(nn.Module):
    """A backbone with its output layer and its judge.

    Args:
        backbone: see the module's docstring.
        output: `merge`: the head gives one weight map per exposure; a softmax over these and the classical merge
            (`guide`) weighs the sum of radiances, and three more channels are added in the mu-law domain;
            `sigmoid`: the head's three channels are the radiance itself (arXiv 2511.12939).
        exposures: frames of a burst, N.
    """

    def __init__(self, backbone: nn.Module, output: str, exposures: int):
        super().__init__()
        self.backbone, self.output, self.exposures = backbone, output, exposures
        self.multiple = cast(int, backbone.multiple)
        self.judge = Judge(cast(int, backbone.features))

    def forward(self, frames: Tensor, times: Tensor) -> Prediction:
        """Fuse bursts of any size (padded by reflection to `multiple`, cropped back).

        Args:
            frames: display-coded frames in [0, 1], (B, N, 3, H, W).
            times: relative exposure times, (B, N).

        Raises:
            InputError: the number of frames is not the one that the network was built for.
        """
        if frames.shape[1] != self.exposures:
            raise InputError(f"{frames.shape[1]} exposures, the network takes {self.exposures}")
        height, width = frames.shape[-2:]
        packed = pack(pad_to_multiple(frames, self.multiple), times)
        head, feature = self.backbone(packed, times)
        tonemapped = self._merged(head, packed, times) if self.output == "merge" else mu_law(torch.sigmoid(head))
        sigma = self.judge(feature, (packed.shape[-2], packed.shape[-1]))
        return Prediction(tonemapped[..., :height, :width], sigma[..., :height, :width])

    def _merged(self, head: Tensor, packed: Tensor, times: Tensor) -> Tensor:
        """The classical merge, corrected by weights of the exposures and by a residual in the mu-law domain."""
        radiance = packed[:, :, :3]
        classical = guide(radiance, packed[:, :, 3:], times)
        trust = torch.full_like(head[:, :1], TRUST)
        weights = torch.softmax(torch.cat([trust, head[:, : self.exposures]], dim=1), dim=1)
        merged = weights[:, :1] * classical + (weights[:, 1:, None] * radiance).sum(dim=1)
        return mu_law(merged) + RESIDUAL * head[:, self.exposures :]


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Reflect the lower and right border until both sides are multiples; pictures smaller than the border too."""
    for dim in (-2, -1):
        size = x.shape[dim]
        if size % multiple:
            x = x.index_select(dim, _reflected(size, -(-size // multiple) * multiple).to(x.device))
    return x


def _reflected(size: int, total: int) -> Tensor:
    """Indices 0..size-1, then back and forth without repeating the border."""
    period = max(2 * (size - 1), 1)
    folded = torch.arange(total) % period
    return torch.minimum(folded, period - folded) if size > 1 else torch.zeros_like(folded)


def build(model: Mapping[str, Any]) -> HdrNet:
    """The network of a config's `model` section, with initial weights from torch's current random state.

    Args:
        model: `backbone`, `options`, `output` and `exposures`.

    Raises:
        UsageError: an unknown backbone, option or output.
    """
    name, output, exposures = str(model["backbone"]), str(model["output"]), int(model["exposures"])
    if output not in OUTPUTS:
        raise UsageError(f"unknown output {output!r}; allowed: {', '.join(OUTPUTS)}", "model.output")
    options = plugins.options("models", name, model.get("options", {}))
    channels = exposures + 3 if output == "merge" else 3
    return HdrNet(plugins.load("models", name).Backbone(options, exposures, channels), output, exposures)
