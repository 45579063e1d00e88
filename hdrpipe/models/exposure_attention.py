"""Exposure attention of HDR-Transformer and AHDRNet: gates that weigh each exposure by comparison to the reference.

Yan et al., "Attention-guided Network for Ghost-free High Dynamic Range Imaging", CVPR 2019, section 3.2.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from hdrpipe.models.network import reference_of


def others_of(exposures: int) -> list[int]:
    """Indices of all exposures except the reference."""
    return [index for index in range(exposures) if index != reference_of(exposures)]


def weigh(feature: Tensor, reference: Tensor, first, second) -> Tensor:
    """`feature` times a sigmoid gate computed from it and the reference; in place without gradients.

    Args:
        feature: feature of an exposure, (B, C, H, W).
        reference: feature of the reference, (B, C, H, W).
        first: 3x3 convolution 2C -> 2C.
        second: 3x3 convolution 2C -> C.
    """
    in_place = not torch.is_grad_enabled()
    hidden = F.leaky_relu(first(torch.cat([feature, reference], dim=1)), inplace=in_place)
    gate = second(hidden)
    return feature.mul_(gate.sigmoid_()) if in_place else feature * torch.sigmoid(gate)
