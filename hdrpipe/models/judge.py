"""The judge: a head that says how far the prediction may be off (arXiv 2511.12939)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrpipe.quantities import SIGMA_MIN

SIGMA_START = 0.04
"""Sigma of a fresh judge without a prior: the error of a plain merge, so that the first steps of L^k are calm."""

START = math.log(SIGMA_START / (1.0 - SIGMA_START))


class Judge(nn.Module):
    """Three 3x3 convolutions C-C-C-1; the feature is added before the last; a sigmoid gives sigma.

    Borders are replicated: padded by zeros, sigma had a bright frame.

    Args:
        features: channels C of the feature that it reads.
    """

    def __init__(self, features: int):
        super().__init__()
        self.first, self.second, self.last = (
            nn.Conv2d(features, outputs, 3, padding=1, padding_mode="replicate") for outputs in (features, features, 1)
        )
        with torch.no_grad():
            self.last.weight.mul_(0.1)

    def forward(self, feature: Tensor, size: tuple[int, int], prior: Tensor | None = None) -> Tensor:
        """Sigma of each pixel in the mu-law domain.

        Args:
            feature: (B, C, h, w).
            size: (H, W) of the result; a smaller feature is judged on its own grid and enlarged before the sigmoid.
            prior: sigma in (0, 1) that a fresh judge tells, (B, 1, H, W), for example of the noise; None takes a
                constant.

        Returns:
            Sigma in [SIGMA_MIN, 1], (B, 1, H, W).
        """
        hidden = F.leaky_relu(self.second(F.leaky_relu(self.first(feature), 0.1)), 0.1)
        logit = self.last(hidden + feature)
        if logit.shape[-2:] != size:
            logit = F.interpolate(logit, size, mode="bilinear", align_corners=False)
        logit = logit + (START if prior is None else torch.logit(prior))
        return SIGMA_MIN + (1.0 - SIGMA_MIN) * torch.sigmoid(logit)
