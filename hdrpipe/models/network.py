"""Interface of backbones, and the complete network: backbone, output layer and judge.

A backbone file defines `Options` (a pydantic class) and `Backbone(options, exposures, out_channels)`, an `nn.Module`
with

- `features`: channels of the feature that the judge reads,
- `multiple`: height and width must be multiples of it,
- `forward(frames (B, N, 6, H, W), times (B, N)) -> (head (B, out_channels, H, W), feature (B, features, h, w))`,
- if its receptive field exceeds the halo of a tile: `tile`, the side up to which a picture should not be tiled,
- if it reads fewer pixels around each than that: `halo`, a smaller one,
- if it also reads the classical merge: `guided = True`, and `forward(frames, times, start: guide.Start)`,
- if its published form does not end in a sigmoid: `radiance(head (B, 3, H, W))`, which returns radiance in [0, 1].

Frames are [radiance, ldr] of each exposure, ascending; the reference is the middle one.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from hdrpipe.config import plugins
from hdrpipe.errors import InputError, UsageError
from hdrpipe.imaging.camera import radiance_from_ldr
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law
from hdrpipe.models.guide import Start, start
from hdrpipe.models.judge import Judge

OUTPUTS = ("merge", "sigmoid")

TRUST = 4.0
"""Logit of the classical merge; those of the exposures start near 0, so it starts with 95 % of the weight."""

MIN_EXPOSURES = 2
"""Smallest number of exposures of a burst."""

HEAD_SCALE = 0.1
"""Factor on the initial weights of a head that corrects the classical merge."""


class Prediction(NamedTuple):
    """Predicted picture and its sigma, both in the mu-law domain."""

    tonemapped: Tensor
    """(B, 3, H, W); not clamped, so that values outside [0, 1] still have a gradient."""
    sigma: Tensor
    """(B, 1, H, W) standard deviation, >= SIGMA_MIN."""


def reference_of(exposures: int) -> int:
    """Index of the exposure that the result aligns to: the middle one."""
    return exposures // 2


def full_precision(x: Tensor) -> torch.autocast:
    """Context without autocast on the device of `x`, for inputs, the last layer and sigma, which need float32."""
    return torch.autocast(x.device.type, enabled=False)


def soften(head: nn.Conv2d) -> nn.Conv2d:
    """Scale down the initial weights of a `merge` head in place, so that the output starts near the classical merge.

    A head of three channels belongs to the output `sigmoid` and is left unchanged.
    """
    if head.out_channels > 3:
        with torch.no_grad():
            head.weight.mul_(HEAD_SCALE)
    return head


def pack(ldr: Tensor, times: Tensor) -> Tensor:
    """Input of a backbone.

    Args:
        ldr: display-coded frames in [0, 1], (B, N, 3, H, W).
        times: relative exposure times, (B, N).

    Returns:
        [radiance, ldr] of each exposure, (B, N, 6, H, W).
    """
    return torch.cat([radiance_from_ldr(ldr, times), ldr], dim=2)


class HdrNet(nn.Module):
    """Complete network: a backbone with its output layer and judge.

    Args:
        backbone: see the module's docstring.
        output: `merge`: the head has one weight map per exposure; a softmax over these and the classical, denoised
            merge (`guide`) weighs the sum of radiances; three more channels, in units of the merge's noise, are added
            in the mu-law domain, and sigma starts from that noise;
            `sigmoid`: the published output: the head's three channels become radiance by a sigmoid
            (arXiv 2511.12939) or by the backbone's `radiance`.
        exposures: frames of a burst, N.
    """

    def __init__(self, backbone: nn.Module, output: str, exposures: int):
        super().__init__()
        self.backbone, self.output, self.exposures = backbone, output, exposures
        self.multiple = cast(int, backbone.multiple)
        self.tile = cast(int | None, getattr(backbone, "tile", None))
        self.halo = cast(int | None, getattr(backbone, "halo", None))
        self.guided = bool(getattr(backbone, "guided", False))
        self.radiance = cast(Callable[[Tensor], Tensor], getattr(backbone, "radiance", torch.sigmoid))
        self.judge = Judge(cast(int, backbone.features))

    def forward(self, frames: Tensor, times: Tensor, level: Tensor | None = None) -> Prediction:
        """Fuse bursts of any size (padded by reflection to `multiple`, cropped back).

        Args:
            frames: display-coded frames in [0, 1], (B, N, 3, H, W).
            times: relative exposure times, (B, N).
            level: noise levels (`imaging.noise_level`) for the classical merge, (B,); None for 1.

        Raises:
            InputError: the number of frames is not that of the network.
        """
        return self.fuse(frames, times, level)[0]

    def fuse(self, frames: Tensor, times: Tensor, level: Tensor | None = None) -> tuple[Prediction, Start | None]:
        """`forward`, and the classical merge that the network started from, if any."""
        if frames.shape[1] != self.exposures:
            raise InputError(f"the burst has {frames.shape[1]} exposures; the network takes {self.exposures}")
        height, width = frames.shape[-2:]
        packed = pack(pad_to_multiple(frames, self.multiple), times)
        merges = self.output == "merge"
        with full_precision(frames):
            level = torch.ones_like(times[:, 0]) if level is None else level
            classical = start(packed[:, :, :3], packed[:, :, 3:], times, level) if merges or self.guided else None
        head, feature = self.backbone(packed, times, classical) if self.guided else self.backbone(packed, times)
        with full_precision(frames):
            size = (packed.shape[-2], packed.shape[-1])
            if classical is not None and merges:
                tonemapped = self._merged(head.float(), packed[:, :, :3], classical)
                sigma = self.judge(feature.float(), size, classical.deviation.mean(dim=1, keepdim=True))
            else:
                tonemapped, sigma = mu_law(self.radiance(head)), self.judge(feature.float(), size)
        cropped = classical and Start(*(plane[..., :height, :width] for plane in classical))
        return Prediction(tonemapped[..., :height, :width], sigma[..., :height, :width]), cropped

    def _merged(self, head: Tensor, radiance: Tensor, classical: Start) -> Tensor:
        """Classical merge, corrected by the weights of the exposures and by a residual in the mu-law domain."""
        trust = torch.full_like(head[:, :1], TRUST)
        weights = torch.softmax(torch.cat([trust, head[:, : self.exposures]], dim=1), dim=1)
        merged = weights[:, :1] * inverse_mu_law(classical.denoised) + (weights[:, 1:, None] * radiance).sum(dim=1)
        return mu_law(merged) + classical.deviation * head[:, self.exposures :]


def pad_to_multiple(x: Tensor, multiple: int) -> Tensor:
    """Pad the lower and right border by reflection until both sides are multiples; works for any picture size."""
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
    """Build the network of a config's `model` section, with initial weights from torch's global generator.

    Args:
        model: `backbone`, `options`, `output` and `exposures`.

    Raises:
        UsageError: an unknown backbone, option or output, or a number of exposures that the backbone cannot take.
    """
    name, output, exposures = str(model["backbone"]), str(model["output"]), int(model["exposures"])
    if exposures < MIN_EXPOSURES:
        raise UsageError(
            f"a burst of {exposures} exposure cannot be fused; networks need {MIN_EXPOSURES} or more", "model"
        )
    if output not in OUTPUTS:
        raise UsageError(f"unknown output {output!r}; allowed: {', '.join(OUTPUTS)}", "model.output")
    options = plugins.options("models", name, model.get("options", {}))
    channels = exposures + 3 if output == "merge" else 3
    return HdrNet(plugins.load("models", name).Backbone(options, exposures, channels), output, exposures)
