"""The losses, all in the mu-law domain."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.learning.batches import Batch


@dataclass(frozen=True)
class LossSettings:
    """How the parts of the objective add up."""

    judge_gradient: str = "detach"
    """`detach`: L^k moves sigma alone; `joint`: it moves the prediction too (arXiv 2511.12939)."""
    judge_weight: float = 0.1
    """Weight of L^k beside L^r."""
    unlabelled_weight: float = 1.0
    """Weight of the unlabelled sample's losses beside the labelled one's (lambda_u)."""


def masked_mean(values: Tensor, weight: Tensor | None) -> Tensor:
    """Mean of (B, C, H, W) over channels and over what the weight (B, H, W) keeps; 0 if it keeps nothing."""
    if weight is None:
        return values.mean()
    kept = weight.sum() * values.shape[1]
    return (values * weight[:, None]).sum() / kept.clamp_min(1.0)


def reconstruction_loss(tonemapped: Tensor, target: Tensor, weight: Tensor | None) -> Tensor:
    """L^r: mean absolute error of tone-mapped pictures.

    Args:
        tonemapped: prediction, (B, 3, H, W).
        target: true or pseudo label, tone-mapped, (B, 3, H, W).
        weight: trust of each pixel in [0, 1], (B, H, W); None trusts all.
    """
    return masked_mean((tonemapped - target).abs(), weight)


def judge_loss(tonemapped: Tensor, sigma: Tensor, target: Tensor, weight: Tensor | None, gradient: str) -> Tensor:
    """L^k: `e^2 / (2 sigma^2) + log(sigma^2) / 2`, the divergence of a Gaussian prediction from the truth.

    At its optimum sigma is the root mean square of the error. `gradient` is `detach` (the error is a constant) or
    `joint`. Shapes as in `reconstruction_loss`; sigma (B, 1, H, W).
    """
    error = tonemapped - target
    error = error.detach() if gradient == "detach" else error
    return masked_mean(0.5 * (error / sigma).square() + sigma.log(), weight)


def objective(net: torch.nn.Module, batch: Batch, settings: LossSettings) -> tuple[Tensor, dict[str, Tensor]]:
    """L_s^r + w_k L_s^k + lambda_u (L_u^r + w_k L_u^k) (arXiv 2511.12939, without L^v).

    The first `batch.labelled` samples are labelled and trusted everywhere; the others are weighted by `batch.weight`.

    Returns:
        The total, and its parts by name.
    """
    tonemapped, sigma = net(batch.frames, batch.times)
    target = mu_law(batch.target)
    parts: dict[str, Tensor] = {}
    total = tonemapped.new_zeros(())
    cuts = {"labelled": (slice(0, batch.labelled), 1.0)}
    if batch.labelled < len(batch.names):
        cuts["unlabelled"] = (slice(batch.labelled, None), settings.unlabelled_weight)
    for name, (cut, factor) in cuts.items():
        weight = batch.weight[cut] if name == "unlabelled" else None
        l_r = reconstruction_loss(tonemapped[cut], target[cut], weight)
        l_k = judge_loss(tonemapped[cut], sigma[cut], target[cut], weight, settings.judge_gradient)
        parts[f"{name}_reconstruction"], parts[f"{name}_judge"] = l_r, l_k
        total = total + factor * (l_r + settings.judge_weight * l_k)
    return total, parts
