"""Selective alignment and merge of SAFNet and SAFNet-S: flow and trust of the outer exposures.

Kong et al., "SAFNet: Selective Alignment Fusion Network for Efficient HDR Imaging", ECCV 2024. Modules have the names
of the public state dicts.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrpipe.errors import UsageError

EXPOSURES = 3
"""Number of exposures: one shorter, the reference, one longer."""

GRID = 16
"""Height and width in the flow branch are multiples of it: four halvings."""

LEVELS, GROUPS = 4, 3
"""Levels of the pyramid; groups of the decoder's inner convolutions, one for each exposure."""

TILE = 2048
"""Side up to which a picture should not be tiled: flow reaches further than the context of a tile."""

FLOW_SCALE = 20.0
"""Flow in pixels that a refinement reads as 1."""


class Merge(NamedTuple):
    """Flows from the reference to the outer exposures, their trust, and the merged radiance."""

    flows: tuple[Tensor, Tensor]
    """(B, 2, H, W) each: x and y offset in pixels."""
    trust: tuple[Tensor, Tensor]
    """(B, 1, H, W) each, in [0, 1]."""
    warped: tuple[Tensor, Tensor]
    """The outer frames warped to the reference, (B, 6, H, W) each."""
    radiance: Tensor
    """(B, 3, H, W)."""


def check_exposures(exposures: int) -> None:
    """Refuse bursts of any other number of exposures than three.

    Raises:
        UsageError: the number is not three.
    """
    if exposures != EXPOSURES:
        raise UsageError(
            f"SAFNet takes {EXPOSURES} exposures, not {exposures}", "model.backbone", "use hdr_transformer or ahdrnet"
        )


def conv_prelu(inputs: int, outputs: int, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Sequential:
    """A 3x3 convolution, and a PReLU with a parameter a channel."""
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=dilation, dilation=dilation, groups=groups)
    return nn.Sequential(conv, nn.PReLU(outputs))


def warp(picture: Tensor, flow: Tensor) -> Tensor:
    """Bilinear samples of `picture` at the pixel positions plus `flow`; borders are replicated.

    Args:
        picture: (B, C, H, W).
        flow: x and y offset in pixels, (B, 2, H, W).
    """
    with torch.autocast(picture.device.type, enabled=False):  # bf16 is too coarse for pixel positions
        height, width = flow.shape[-2:]
        flow = flow.float()
        x = _axis(width, flow) + flow[:, 0] * (2.0 / max(width - 1, 1))
        y = _axis(height, flow)[:, None] + flow[:, 1] * (2.0 / max(height - 1, 1))
        grid = torch.stack([x, y], dim=-1)
        warped = F.grid_sample(picture.float(), grid, mode="bilinear", padding_mode="border", align_corners=True)
    return warped.to(picture.dtype)


def _axis(size: int, like: Tensor) -> Tensor:
    return torch.linspace(-1.0, 1.0, size, dtype=like.dtype, device=like.device)


class Encoder(nn.Module):
    """Features of one frame at a half, a quarter, an eighth and a sixteenth of its size."""

    def __init__(self, channels: int):
        super().__init__()
        for level in range(LEVELS):
            first = conv_prelu(channels if level else 6, channels, stride=2)
            self.add_module(f"pyramid{level + 1}", nn.Sequential(first, conv_prelu(channels, channels)))

    def forward(self, frame: Tensor) -> list[Tensor]:
        """(B, 6, H, W) -> four features, the finest first."""
        pyramid = []
        for level in range(LEVELS):
            frame = self.get_submodule(f"pyramid{level + 1}")(frame)
            pyramid.append(frame)
        return pyramid


class Decoder(nn.Module):
    """Refines flows and trust by one pyramid level; all levels share its weights."""

    def __init__(self, channels: int):
        super().__init__()
        wide = GROUPS * channels
        self.conv1 = conv_prelu(wide + 6, wide)
        for index in (2, 3, 4):
            self.add_module(f"conv{index}", conv_prelu(wide, wide, groups=GROUPS))
        self.conv5 = conv_prelu(wide, wide)
        self.conv6 = nn.ConvTranspose2d(wide, 6, 4, stride=2, padding=1)

    def forward(self, short: Tensor, middle: Tensor, long: Tensor, state: Tensor) -> Tensor:
        """Features of the frames (B, C, h, w) and state (B, 6, h, w) -> state (B, 6, 2h, 2w).

        The state holds the flow to the short frame (2), to the long one (2), and the logits of their trust (1, 1).
        """
        hidden = torch.cat([warp(short, state[:, :2]), middle, warp(long, state[:, 2:4]), state], dim=1)
        hidden = self.conv1(hidden)
        for index in (2, 3, 4):
            hidden = F.channel_shuffle(self.get_submodule(f"conv{index}")(hidden), GROUPS)
        finer = F.interpolate(state, scale_factor=2, mode="bilinear", align_corners=False)
        finer = torch.cat([2.0 * finer[:, :4], finer[:, 4:]], dim=1)
        return finer + self.conv6(self.conv5(hidden))


def flow_and_merge(encoder: Encoder, decoder: Decoder, frames: Tensor) -> Merge:
    """Estimate flow and trust at half resolution, merge at full resolution.

    Args:
        encoder: encoder of all frames.
        decoder: decoder of all levels.
        frames: [radiance, ldr], (B, 3, 6, H, W).
    """
    height, width = frames.shape[-2:]
    state = _estimate(encoder, decoder, frames)
    ratio = (width / state.shape[-1], height / state.shape[-2])
    state = F.interpolate(state, (height, width), mode="bilinear", align_corners=False)
    scale = state.new_tensor([*ratio, *ratio])[:, None, None]
    flows, trust = state[:, :4] * scale, torch.sigmoid(state[:, 4:])
    (to_short, to_long), (short, long) = flows.split(2, dim=1), trust.split(1, dim=1)
    warped = (warp(frames[:, 0], to_short), warp(frames[:, 2], to_long))
    radiances = (warped[0][:, :3], frames[:, 1, :3], warped[1][:, :3])
    merged = triangle(frames[:, 1, 3:], radiances, short, long)
    return Merge((to_short, to_long), (short, long), warped, merged)


def _estimate(encoder: Encoder, decoder: Decoder, frames: Tensor) -> Tensor:
    """Flows and logits of trust at about half of the resolution, (B, 6, h, w)."""
    size = [GRID * math.ceil(side / (2 * GRID)) for side in frames.shape[-2:]]
    small = [F.interpolate(frame, size, mode="bilinear", align_corners=False) for frame in frames.unbind(1)]
    pyramids = [encoder(frame.contiguous(memory_format=torch.channels_last)) for frame in small]
    coarsest = pyramids[0][-1]
    state = coarsest.new_zeros(coarsest.shape[0], 6, *coarsest.shape[-2:])
    for short, middle, long in reversed(list(zip(*pyramids, strict=True))):
        state = decoder(short, middle, long, state)
    return state.float()


def triangle(
    reference: Tensor, radiances: tuple[Tensor, Tensor, Tensor], trust_short: Tensor, trust_long: Tensor
) -> Tensor:
    """Weighted mean of radiances: bright pixels of the reference from the short frame, dark ones from the long frame.

    Args:
        reference: ldr of the reference, (B, 3, H, W).
        radiances: radiance of the short, the middle and the long exposure, (B, 3, H, W) each.
        trust_short, trust_long: (B, 1, H, W); untrusted weight goes to the middle exposure.
    """
    bright, dark = (2.0 * reference - 1.0).clamp_min(0.0), (1.0 - 2.0 * reference).clamp_min(0.0)
    short, long = bright * trust_short, dark * trust_long
    middle = 1.0 - (2.0 * reference - 1.0).abs() + bright * (1.0 - trust_short) + dark * (1.0 - trust_long)
    # the weights of a pixel add up to 1
    return short * radiances[0] + middle * radiances[1] + long * radiances[2]


def refined(merge: Merge, change: Tensor, out_channels: int) -> Tensor:
    """Head of both networks: the merge plus the change as published (3 channels); else the change alone."""
    return merge.radiance + change if out_channels == 3 else change
