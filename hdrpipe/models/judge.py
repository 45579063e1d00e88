"""The judge: a head that predicts sigma, the standard deviation of the prediction's error (arXiv 2511.12939)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hdrpipe.quantities import SIGMA_MIN

SIGMA_START = 0.04
"""Sigma of an untrained judge without a prior: the error of a simple merge, so that L^k starts with small gradients."""

START = math.log(SIGMA_START / (1.0 - SIGMA_START))


class Judge(nn.Module):
    """Three 3x3 convolutions C-C-C-1 and a sigmoid; the input feature is added before the last convolution.

    Borders are replicated: zero padding gave sigma a bright frame.

    Args:
        features: channels C of the input feature.
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
            size: (H, W) of the result; the logit of a smaller feature is enlarged before the sigmoid.
            prior: sigma in (0, 1) that an untrained judge returns, (B, 1, H, W), for example of the noise; None takes
                SIGMA_START.

        Returns:
            Sigma in [SIGMA_MIN, 1], (B, 1, H, W).
        """
        hidden = F.leaky_relu(self.first(feature), 0.1, inplace=True)
        hidden = F.leaky_relu(self.second(hidden), 0.1, inplace=True)
        logit = self.last(hidden + feature)
        if logit.shape[-2:] != size:
            logit = F.interpolate(logit, size, mode="bilinear", align_corners=False)
        logit = logit + (START if prior is None else torch.logit(prior))
        return SIGMA_MIN + (1.0 - SIGMA_MIN) * torch.sigmoid(logit)
