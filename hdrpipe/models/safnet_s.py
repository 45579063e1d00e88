"""SAFNet-S: the small form of SAFNet (Kong et al., ECCV 2024), with a plain refinement on warped frames."""

import torch
from torch import Tensor, nn

from hdrpipe.config.model_options import SafnetSOptions as Options
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
)
from hdrpipe.models.network import full_precision, soften

DILATIONS = (1, 1, 2, 4, 2, 1)
"""Dilations of the convolutions of the refinement, the first of which reads the frames."""

PUBLIC_EXTRAS = r"^$"
"""Pattern that matches nothing: public state dicts hold only weights."""


class RefineNet(nn.Module):
    """Correction of the merge, from the warped frames."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        for index, dilation in enumerate(DILATIONS):
            self.add_module(f"conv{index + 1}", conv_prelu(channels if index else 27, channels, dilation=dilation))
        self.conv7 = soften(nn.Conv2d(channels, out_channels, 3, padding=1))

    def forward(self, frames: Tensor, merge: Merge) -> tuple[Tensor, Tensor]:
        """(B, 3, 6, H, W) and the merge -> change (B, out, H, W), feature (B, C, H, W)."""
        flows = [flow / FLOW_SCALE for flow in merge.flows]
        inputs = [merge.warped[0], frames[:, 1], merge.warped[1], *flows, *merge.trust, merge.radiance]
        feature = torch.cat(inputs, dim=1).contiguous(memory_format=torch.channels_last)
        for index in range(len(DILATIONS)):
            feature = self.get_submodule(f"conv{index + 1}")(feature)
        with full_precision(frames):
            return self.conv7(feature.float()), feature


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
        self.features, self.out_channels = options.refinement, out_channels
        self.encoder, self.decoder = Encoder(options.channels), Decoder(options.channels)
        self.refinenet = RefineNet(options.refinement, out_channels)

    def forward(self, frames: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, 6, H, W), (B, 3) -> head (B, out, H, W), feature (B, C, H, W)."""
        merge = flow_and_merge(self.encoder, self.decoder, frames)
        change, feature = self.refinenet(frames, merge)
        return refined(merge, change, self.out_channels), feature

    def radiance(self, head: Tensor) -> Tensor:
        """The published output: (B, 3, H, W) -> the same shape, in [0, 1]."""
        return head.clamp(0.0, 1.0)
