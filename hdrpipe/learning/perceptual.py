"""L^v: how different two tone-mapped pictures look.

The paper takes features of VGG16, whose weights are somebody's to download; without them structure and edges stand in.
"""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrpipe.errors import InputError

Perceptual = Callable[[Tensor, Tensor], Tensor]
"""(prediction, target), both (B, 3, H, W) in the mu-law domain -> a number."""

WINDOW, SPREAD = 11, 1.5
"""Side and standard deviation of SSIM's Gaussian window (Wang et al. 2004)."""

STABLE = (0.01**2, 0.03**2)
"""SSIM's constants for pictures in [0, 1]."""

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""What VGG16 was trained with."""

VGG16 = ((64, 64), (128, 128), (256, 256, 256))
"""Channels of the convolutions of VGG16 up to relu3_3; a 2x2 maximum stands between two groups."""


def perceptual(weights: str | None) -> Perceptual:
    """L^v from a VGG16 file, or from structure and edges where none is named."""
    return Vgg(Path(weights)) if weights else structure_loss


def structure_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference of the gradients, plus 1 - SSIM."""
    edges = sum((difference(prediction, dim) - difference(target, dim)).abs().mean() for dim in (-2, -1))
    return edges + 1.0 - ssim(prediction, target)


def difference(x: Tensor, dim: int) -> Tensor:
    """Forward difference along one axis, which gets shorter by one."""
    return x.narrow(dim, 1, x.shape[dim] - 1) - x.narrow(dim, 0, x.shape[dim] - 1)


def ssim(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean structural similarity of (B, C, H, W) in [0, 1], over the windows that lie inside (Wang et al. 2004)."""
    side = min(WINDOW, *prediction.shape[-2:])
    offsets = torch.arange(side, dtype=prediction.dtype, device=prediction.device) - (side - 1) / 2
    line = torch.exp(-0.5 * (offsets / SPREAD).square())
    line = line / line.sum()

    def blurred(x: Tensor) -> Tensor:
        planes = x.flatten(0, 1)[:, None]
        return F.conv2d(F.conv2d(planes, line.view(1, 1, -1, 1)), line.view(1, 1, 1, -1))

    a, b = blurred(prediction), blurred(target)
    own = blurred(prediction.square()) - a.square(), blurred(target.square()) - b.square()
    common = blurred(prediction * target) - a * b
    luminance = (2 * a * b + STABLE[0]) / (a.square() + b.square() + STABLE[0])
    return (luminance * (2 * common + STABLE[1]) / (own[0] + own[1] + STABLE[1])).mean()


class Vgg:
    """Mean absolute difference of the features relu1_2, relu2_2 and relu3_3 of VGG16 (Simonyan, Zisserman 2015).

    Args:
        path: state dict with the public names `features.N.weight`, as torch saves one; no code in it is run.

    Raises:
        InputError: the file is no such state dict.
    """

    def __init__(self, path: Path):
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise InputError(f"cannot be read as weights: {type(error).__name__}", path, "loss.vgg_weights") from None
        self.groups = [self._group(state, path, g) for g in range(len(VGG16))]

    @staticmethod
    def _group(state: dict[str, Tensor], path: Path, index: int) -> nn.Sequential:
        layers: list[nn.Module] = [nn.MaxPool2d(2)] if index else []
        place = sum(2 * len(group) + 1 for group in VGG16[:index])
        before = VGG16[index - 1][-1] if index else 3
        for channels in VGG16[index]:
            conv = nn.Conv2d(before, channels, 3, padding=1)
            try:
                conv.load_state_dict({k: state[f"features.{place}.{k}"] for k in ("weight", "bias")})
            except (KeyError, TypeError, RuntimeError):
                raise InputError(f"features.{place} is not that of VGG16", path, "loss.vgg_weights") from None
            layers += [conv, nn.ReLU()]
            before, place = channels, place + 2
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
