"""A small merge network that trains in seconds on a CPU.

Inputs are the aligned exposures, the classical merge before and after denoising, and the differences of the exposures
to it in units of the noise, comparable between shadows and highlights. It works at full resolution, where the noise is.
No prior about saturation is built in: training results are better without.
"""

import cv2
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrpipe.config.model_options import MergeNetOptions as Options
from hdrpipe.imaging.camera import ldr_from_linear
from hdrpipe.imaging.denoise import DARKEST, PATCH
from hdrpipe.imaging.noise import noise
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law
from hdrpipe.models.guide import Start, deviation_at
from hdrpipe.models.means import mean_around
from hdrpipe.models.network import full_precision, soften

DILATIONS = (1, 1, 2)
"""Dilations of the residual blocks; with the classical merge the receptive field is 17 pixels to each side."""

MAGNIFY = 20.0
"""Factor on differences in the mu-law domain, where noise is a few hundredths."""

TYPICAL_DEVIATION = 5e-3
"""Noise standard deviation in the mu-law domain whose logarithmic input is 0."""

TEXTURE_WINDOW = 5
"""Side of the window whose mean is subtracted, so that texture and noise remain."""

LINEAR_FLOOR = 1e-6
"""Smallest linear value in a difference, which keeps the slope of the display code finite."""


def convolution(inputs: int, outputs: int, dilation: int = 1) -> nn.Conv2d:
    """3x3 convolution with replicated borders, as zeros would look like an edge."""
    return nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation, padding_mode="replicate")


class Block(nn.Module):
    """Two 3x3 convolutions with a residual connection, the first one dilated."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.first = convolution(channels, channels, dilation)
        self.second = convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        return self.second(F.leaky_relu(self.first(x), 0.1, inplace=True)).add_(x)


class Backbone(nn.Module):
    """The network; see `hdrpipe.models.network` for inputs and outputs.

    Args:
        options: channels of the body.
        exposures: frames of a burst, N.
        out_channels: channels of the head.
    """

    multiple = 2  # sides are padded to even sizes, more than the reach of reflected means
    halo = 16  # a pixel of the result reads 11 pixels around it, one of sigma 13
    guided = True

    def __init__(self, options: Options, exposures: int, out_channels: int):
        super().__init__()
        self.features = options.channels
        inputs = 3 * exposures + 3 * exposures + 3 * (exposures - 1) + 18
        self.stem = convolution(inputs, options.channels)
        self.body = nn.Sequential(*(Block(options.channels, dilation) for dilation in DILATIONS))
        self.head = soften(convolution(options.channels, out_channels))

    def forward(self, frames: Tensor, times: Tensor, start: Start) -> tuple[Tensor, Tensor]:
        """(B, N, 6, H, W), (B, N), the classical merge -> head (B, out, H, W), feature (B, C, H, W)."""
        inputs = planes(frames, times, start)
        if self.stem.weight.stride(1) == 1 and not torch.compiler.is_compiling():
            inputs = channels_last(inputs)
        feature = self.body(F.leaky_relu(self.stem(inputs), 0.1, inplace=True))
        with full_precision(frames):
            return self.head(F.leaky_relu(feature.float(), 0.1)), feature


def channels_last(x: Tensor) -> Tensor:
    """(B, C, H, W) in channels_last memory; on the CPU by OpenCV, which transposes in a third of torch's time."""
    if x.device.type != "cpu" or x.dtype != torch.float32 or x.requires_grad:
        return x.contiguous(memory_format=torch.channels_last)
    batch, channels, height, width = x.shape
    moved = torch.empty((batch, height, width, channels))
    for source, target in zip(x.contiguous(), moved, strict=True):
        cv2.transpose(source.view(channels, -1).numpy(), target.view(-1, channels).numpy())
    return moved.permute(0, 3, 1, 2)


def planes(frames: Tensor, times: Tensor, start: Start) -> Tensor:
    """Input planes of the stem, (B, 9 N + 15, H, W); arguments as in `Backbone.forward`."""
    radiance, ldr = frames[:, :, :3], frames[:, :, 3:]
    merged, denoised, deviation = start.merged, start.denoised, start.deviation
    inputs = [ldr.flatten(1, 2), merged, merge_residuals(radiance, times, merged, start.level).flatten(1, 2)]
    inputs += [differences(radiance, ldr, times).flatten(1, 2)]
    inputs += [in_noise(merged - mean_around(merged, TEXTURE_WINDOW), deviation)]
    inputs += [
        in_noise(denoised - merged, deviation),
        in_noise(denoised - mean_around(denoised, TEXTURE_WINDOW), deviation),
    ]
    inputs += [torch.log(deviation / TYPICAL_DEVIATION), torch.tanh(MAGNIFY * (merged - mean_around(merged, 3)))]
    return torch.cat(inputs, dim=1)


def in_noise(difference: Tensor, deviation: Tensor) -> Tensor:
    """A difference in units of its noise, compressed: linear below the noise, logarithmic above."""
    ratio = difference / deviation
    size = ratio.abs()
    return size.square().add_(1.0).sqrt_().add_(size).log_().mul_(ratio.sign())  # asinh, whose own kernel is slower


def merge_residuals(radiance: Tensor, times: Tensor, merged: Tensor, level: Tensor) -> Tensor:
    """Mu-law differences of exposures to the merge (B, 3, H, W), in units of their noise, (B, N, 3, H, W)."""
    signal = mean_around(mean_around(inverse_mu_law(merged), 3).clamp_min(DARKEST), PATCH)
    signal, level = signal[:, None], level[:, None]
    expected = deviation_at(signal, noise(signal, times[:, :, None, None, None], level), level)
    return in_noise(mu_law(radiance) - merged[:, None], expected)


def differences(radiance: Tensor, ldr: Tensor, times: Tensor) -> Tensor:
    """Differences of exposures to the reference, both at the longer of the two exposure times.

    The darker frame is lifted and clipped as the brighter one was, so that a difference is due to motion or noise, not
    to saturation.

    Args:
        radiance: (B, N, 3, H, W).
        ldr: (B, N, 3, H, W) in [0, 1].
        times: (B, N), ascending.

    Returns:
        Differences in display code, in [-1, 1], (B, N - 1, 3, H, W).
    """
    middle = radiance.shape[1] // 2
    results = []
    for i in range(radiance.shape[1]):
        if i != middle:
            dark, bright = min(i, middle), max(i, middle)
            lifted = (radiance[:, dark] * times[:, bright, None, None, None]).clamp(LINEAR_FLOOR, 1.0)
            difference = ldr_from_linear(lifted) - ldr[:, bright]
            results.append(difference if i == dark else -difference)
    return torch.stack(results, dim=1)
