"""AHDRNet: Yan et al., "Attention-guided Network for Ghost-free High Dynamic Range Imaging", CVPR 2019.

Modules have the names of the public state dict. The two convolutions `attConv1` and `attConv3`, which the published
forward pass never calls, are left out: 1,441,283 parameters instead of 1,515,139.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrpipe.config.model_options import AhdrnetOptions as Options
from hdrpipe.models.exposure_attention import others_of, weigh
from hdrpipe.models.network import full_precision, reference_of, soften

DENSE_BLOCKS = 3

PUBLIC_EXTRAS = r"^attConv[13]\."
"""Pattern of names in public state dicts that the published network never uses."""


class DenseLayer(nn.Module):
    """A dilated 3x3 convolution with a ReLU."""

    def __init__(self, channels: int, growth: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, growth, 3, padding=2, dilation=2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, growth, H, W)."""
        return F.relu(self.conv(x), inplace=not torch.is_grad_enabled())


class DenseBlock(nn.Module):
    """The dilated residual dense block (section 3.3): every layer reads the outputs of all earlier ones."""

    def __init__(self, channels: int, growth: int, layers: int):
        super().__init__()
        self.dense_layers = nn.ModuleList(DenseLayer(channels + index * growth, growth) for index in range(layers))
        self.conv_1x1 = nn.Conv2d(channels + layers * growth, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        features = x
        for layer in self.dense_layers:
            features = torch.cat([features, layer(features)], dim=1)
        return self.conv_1x1(features) + x


class Backbone(nn.Module):
    """The network; see `hdrpipe.models.network` for inputs and outputs.

    The feature for the judge is the fusion of the attention-weighted exposures, as in HDR-Transformer.

    Args:
        options: sizes.
        exposures: frames of a burst, 2 or more; the published network has 3.
        out_channels: channels of the head.
    """

    multiple = 1

    def __init__(self, options: Options, exposures: int, out_channels: int):
        super().__init__()
        channels, self.features, self.others = options.channels, options.channels, others_of(exposures)
        self.conv1 = nn.Conv2d(6, channels, 3, padding=1)
        for index in self.others:
            self.add_module(f"att{index + 1}1", nn.Conv2d(2 * channels, 2 * channels, 3, padding=1))
            self.add_module(f"att{index + 1}2", nn.Conv2d(2 * channels, channels, 3, padding=1))
        self.conv2 = nn.Conv2d(exposures * channels, channels, 3, padding=1)
        for index in range(DENSE_BLOCKS):
            self.add_module(f"RDB{index + 1}", DenseBlock(channels, options.growth, options.layers))
        self.GFF_1x1 = nn.Conv2d(DENSE_BLOCKS * channels, channels, 1)
        self.GFF_3x3 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv_up = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv3 = soften(nn.Conv2d(channels, out_channels, 3, padding=1))

    def forward(self, frames: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """(B, N, 6, H, W), (B, N) -> head (B, out, H, W), feature (B, C, H, W)."""
        in_place = not torch.is_grad_enabled()
        with full_precision(frames):  # bf16 has too few bits for radiance
            planes = (frame.contiguous(memory_format=torch.channels_last) for frame in frames.unbind(1))
            features = [F.leaky_relu(self.conv1(plane), inplace=in_place) for plane in planes]
        reference = features[reference_of(len(features))]
        for index in self.others:
            attention = (self.get_submodule(f"att{index + 1}{half}") for half in (1, 2))
            features[index] = weigh(features[index], reference, *attention)
        feature = self.conv2(torch.cat(features, dim=1))
        del features
        dense = [feature]
        for index in range(DENSE_BLOCKS):
            dense.append(self.get_submodule(f"RDB{index + 1}")(dense[-1]))
        fused = self.GFF_3x3(self.GFF_1x1(torch.cat(dense[1:], dim=1))) + reference
        with full_precision(frames):
            return self.conv3(self.conv_up(fused.float())), feature
