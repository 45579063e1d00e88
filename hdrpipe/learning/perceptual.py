"""Perceptual loss L^v between tone-mapped pictures.

The paper compares features of VGG16, whose weights the user has to provide; without them SSIM and gradients are used.
"""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrpipe.errors import InputError

Perceptual = Callable[[Tensor, Tensor], Tensor]
"""(prediction, target), both (B, 3, H, W) in the mu-law domain -> scalar loss."""

WINDOW, SPREAD = 11, 1.5
"""Side and standard deviation of SSIM's Gaussian window (Wang et al. 2004)."""

STABLE = (0.01**2, 0.03**2)
"""SSIM's constants for pictures in [0, 1]."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of the RGB channels that VGG16 was trained with."""

VGG16 = ((64, 64), (128, 128), (256, 256, 256))
"""Channels of the convolutions of VGG16 up to relu3_3, in groups separated by a 2x2 max pooling."""


def perceptual(weights: str | None) -> Perceptual:
    """L^v from a VGG16 weights file, or `structure_loss` without one."""
    return Vgg(Path(weights)) if weights else structure_loss


def structure_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of the gradients, plus 1 - SSIM."""
    edges = sum((difference(prediction, dim) - difference(target, dim)).abs().mean() for dim in (-2, -1))
    return edges + 1.0 - ssim(prediction, target)


def difference(x: Tensor, dim: int) -> Tensor:
    """Forward difference along one axis, whose length shrinks by one."""
    return x.narrow(dim, 1, x.shape[dim] - 1) - x.narrow(dim, 0, x.shape[dim] - 1)


def ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean structural similarity of (B, C, H, W) in [0, 1], over windows inside the picture (Wang et al. 2004)."""
    side = min(WINDOW, *prediction.shape[-2:])
    offsets = torch.arange(side, dtype=prediction.dtype, device=prediction.device) - (side - 1) / 2
    line = torch.exp(-0.5 * (offsets / SPREAD).square())
    line = line / line.sum()

    def blurred(x: Tensor) -> Tensor:
        planes = x.flatten(0, 1)[:, None]
        return F.conv2d(F.conv2d(planes, line.view(1, 1, -1, 1)), line.view(1, 1, 1, -1))

    mean_p, mean_t = blurred(prediction), blurred(target)
    variances = blurred(prediction.square()) - mean_p.square(), blurred(target.square()) - mean_t.square()
    covariance = blurred(prediction * target) - mean_p * mean_t
    luminance = (2 * mean_p * mean_t + STABLE[0]) / (mean_p.square() + mean_t.square() + STABLE[0])
    return (luminance * (2 * covariance + STABLE[1]) / (variances[0] + variances[1] + STABLE[1])).mean()


class Vgg:
    """Mean absolute difference of the features relu1_2, relu2_2 and relu3_3 of VGG16 (Simonyan, Zisserman 2015).

    Args:
        path: torch file of a state dict with the public names `features.N.weight`; loaded without running code.

    Raises:
        InputError: the file is not such a state dict.
    """

    def __init__(self, path: Path):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise InputError(
                f"cannot be read as VGG16 weights ({type(error).__name__})", path, "loss.vgg_weights"
            ) from None
        self.groups = [self._group(state, path, g) for g in range(len(VGG16))]

    @staticmethod
    def _group(state: dict[str, Tensor], path: Path, index: int) -> nn.Sequential:
        layers: list[nn.Module] = [nn.MaxPool2d(2)] if index else []
        layer = sum(2 * len(group) + 1 for group in VGG16[:index])
        before = VGG16[index - 1][-1] if index else 3
        for channels in VGG16[index]:
            conv = nn.Conv2d(before, channels, 3, padding=1)
            try:
                conv.load_state_dict({k: state[f"features.{layer}.{k}"] for k in ("weight", "bias")})
            except (KeyError, TypeError, RuntimeError):
                raise InputError(
                    f"features.{layer} is missing or not that of VGG16", path, "loss.vgg_weights"
                ) from None
            layers += [conv, nn.ReLU()]
            before, layer = channels, layer + 2
        return nn.Sequential(*layers).requires_grad_(False)

    def __call__(self, prediction: Tensor, target: Tensor) -> Tensor:
        device = prediction.device
        mean, deviation = (torch.tensor(v, device=device).view(1, 3, 1, 1) for v in (MEAN, DEVIATION))
        a, b = (prediction - mean) / deviation, (target - mean) / deviation
        total = prediction.new_zeros(())
        for group in self.groups:
            group.to(device)
            a, b = cast(Tensor, group(a)), cast(Tensor, group(b))
            total = total + (a - b).abs().mean()
        return total
