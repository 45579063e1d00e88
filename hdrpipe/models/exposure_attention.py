"""What HDR-Transformer and AHDRNet share: every exposure but the reference is weighed by attention to the reference.

Yan et al., "Attention-guided Network for Ghost-free High Dynamic Range Imaging", CVPR 2019, section 3.2.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from hdrpipe.models.network import reference_of


def others_of(exposures: int) -> list[int]:
    """Indices of the exposures beside the reference."""
    return [index for index in range(exposures) if index != reference_of(exposures)]


def weigh(feature: Tensor, reference: Tensor, first, second) -> Tensor:
    """`feature`, multiplied by what two convolutions make of it beside the reference; in place without gradients.

    Args:
        feature: of an exposure, (B, C, H, W).
        reference: of the reference, (B, C, H, W).
        first: 3x3 convolution 2C -> 2C.
        second: 3x3 convolution 2C -> C.
    """
    free = not torch.is_grad_enabled()
    hidden = F.leaky_relu(first(torch.cat([feature, reference], dim=1)), inplace=free)
    gate = second(hidden)
    return feature.mul_(gate.sigmoid_()) if free else feature * torch.sigmoid(gate)
