"""SAFNet: Kong et al., "Selective Alignment Fusion Network for Efficient HDR Imaging", ECCV 2024."""

import torch
from torch import Tensor, nn

from hdrpipe.config.model_options import SafnetOptions as Options
from hdrpipe.models.flow_merge import (
    FLOW_SCALE,
    TILE,
    Decoder,
    Encoder,
    Merge,
    check_exposures,
    conv_prelu,
    flow_and_merge,
    refined,
    warp,
)
from hdrpipe.models.network import full_precision, soften

DILATIONS = (1, 2, 4, 2, 1)
"""Dilations of the residual blocks of the refinement."""

PUBLIC_EXTRAS = r"^$"
"""Pattern that matches nothing: public state dicts hold only weights."""


class ResidualBlock(nn.Module):
    """Two dilated 3x3 convolutions with a residual connection, PReLU after each."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.conv1 = conv_prelu(channels, channels, dilation=dilation)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.prelu = nn.PReLU(channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        return self.prelu(x + self.conv2(self.conv1(x)))


class RefineNet(nn.Module):
    """Correction of the merge, from all frames at full resolution."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        half = channels // 2
        self.conv0 = nn.Sequential(conv_prelu(6, half), conv_prelu(half, half))
        self.conv1 = nn.Sequential(conv_prelu(15, channels), conv_prelu(channels, channels))
        self.conv2 = nn.Sequential(conv_prelu(6, half), conv_prelu(half, half))
        for index, dilation in enumerate(DILATIONS):
            self.add_module(f"resblock{index + 1}", ResidualBlock(2 * channels, dilation))
        self.conv3 = soften(nn.Conv2d(2 * channels, out_channels, 3, padding=1))

    def forward(self, frames: Tensor, merge: Merge) -> tuple[Tensor, Tensor]:
        """(B, 3, 6, H, W) and the merge -> change (B, out, H, W), feature (B, 2 C, H, W)."""
        inputs = [frames[:, 1], *(flow / FLOW_SCALE for flow in merge.flows), *merge.trust, merge.radiance]
        short = warp(self.conv0(_channels_last(frames[:, 0])), merge.flows[0])
        long = warp(self.conv2(_channels_last(frames[:, 2])), merge.flows[1])
        middle = self.conv1(_channels_last(torch.cat(inputs, dim=1)))
        feature = _channels_last(torch.cat([short, middle, long], dim=1))
        for index in range(len(DILATIONS)):
            feature = self.get_submodule(f"resblock{index + 1}")(feature)
        with full_precision(frames):
            return self.conv3(feature.float()), feature


class Backbone(nn.Module):
    """The network; see `hdrpipe.models.network` for inputs and outputs.

    The feature is the last one of the refinement. The published output is the merge plus a change, clamped.

    Args:
        options: sizes.
        exposures: frames of a burst: 3.
        out_channels: channels of the head.
    """

    multiple, tile = 1, TILE

    def __init__(self, options: Options, exposures: int, out_channels: int):
        super().__init__()
        check_exposures(exposures)
        self.features, self.out_channels = 2 * options.channels, out_channels
        self.encoder, self.decoder = Encoder(options.channels), Decoder(options.channels)
        self.refinenet = RefineNet(options.channels, out_channels)

    def forward(self, frames: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, 6, H, W), (B, 3) -> head (B, out, H, W), feature (B, 2 C, H, W)."""
        merge = flow_and_merge(self.encoder, self.decoder, frames)
        change, feature = self.refinenet(frames, merge)
        return refined(merge, change, self.out_channels), feature

    def radiance(self, head: Tensor) -> Tensor:
        """Published output: (B, 3, H, W) -> the same shape, clamped to [0, 1]."""
        return head.clamp(0.0, 1.0)


def _channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
