"""Training losses, in the mu-law domain unless stated otherwise."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hdrpipe.config.batch_share import share
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law
from hdrpipe.learning import distributed
from hdrpipe.learning.batches import Batch
from hdrpipe.learning.consistency import residuals
from hdrpipe.learning.perceptual import Perceptual, structure_loss

BETA = 0.5
"""Exponent of beta-NLL that Seitzer et al. (ICLR 2022) recommend."""


@dataclass(frozen=True)
class LossSettings:
    """Weights and options of the loss terms."""

    judge_gradient: str = "detach"
    """`detach`: L^k trains sigma alone; `joint`: the prediction too (arXiv 2511.12939); `beta`: both, as beta-NLL."""
    judge_weight: float = 2e-4
    """Weight of L^k relative to L^r (w_k)."""
    unlabelled_weight: float = 1.0
    """Weight of the losses of unlabelled samples relative to labelled ones (lambda_u)."""
    judge_domain: str = "mu-law"
    """`mu-law` or `linear`: domain of the errors whose standard deviation sigma predicts."""
    judge_samples: str = "all"
    """`all` or `labelled`: samples that the judge is trained on."""
    masked_mean: str = "kept"
    """`kept` or `all`: pixels whose number divides a masked sum."""
    perceptual_weight: float = 0.0
    """Weight of L^v (lambda_v)."""
    consistency_weight: float = 0.0
    """Weight of each consistency loss (`hdrpipe.learning.consistency`) relative to L_u^r."""


def masked_mean(values: Tensor, weight: Tensor | None, over: str = "kept") -> Tensor:
    """Mean of (B, C, H, W) over channels and pixels, weighted by (B, H, W); 0 if all weights are 0.

    With `over="all"` the weighted sum is divided by the number of all pixels. Where processes share a batch, the
    divisor is the mean weight of all of them, so that the mean of their results is that of the whole batch.
    """
    if weight is None:
        return values.mean()
    total = (values * weight[:, None]).sum()
    if over == "all":
        return total / values.numel()
    return total / distributed.mean(weight.sum() * values.shape[1]).clamp_min(1.0 / share().size)


def reconstruction_loss(tonemapped: Tensor, target: Tensor, weight: Tensor | None, over: str = "kept") -> Tensor:
    """L^r: mean absolute error of tone-mapped pictures.

    Args:
        tonemapped: prediction, (B, 3, H, W).
        target: truth or pseudo label, tone-mapped, (B, 3, H, W).
        weight: weight of each pixel in [0, 1], (B, H, W); None is 1 everywhere.
        over: see `masked_mean`.
    """
    return masked_mean((tonemapped - target).abs(), weight, over)


def judge_loss(
    tonemapped: Tensor, sigma: Tensor, target: Tensor, weight: Tensor | None, gradient: str, over: str = "kept"
) -> Tensor:
    """L^k: `e^2 / (2 sigma^2) + log(sigma^2) / 2`, the negative log likelihood of the error e under a Gaussian.

    At its minimum sigma is the root mean square of the error. `gradient` is `detach` (the error is a constant),
    `joint`, or `beta`: joint, each pixel times the constant `sigma^(2 BETA)`, so that pixels of small sigma do not
    dominate. Shapes as in `reconstruction_loss`; sigma (B, 1, H, W).
    """
    error = tonemapped - target
    error = error.detach() if gradient == "detach" else error
    likelihood = 0.5 * (error / sigma).square() + sigma.log()
    if gradient == "beta":
        likelihood = likelihood * sigma.detach() ** (2 * BETA)
    return masked_mean(likelihood, weight, over)


def perceptual_loss(tonemapped: Tensor, target: Tensor, weight: Tensor | None, measure: Perceptual) -> Tensor:
    """L^v: `measure` of both pictures clamped to [0, 1]; masked-out pixels of the target are set to the prediction.

    Shapes as in `reconstruction_loss`.
    """
    clamped = tonemapped.clamp(0.0, 1.0)
    if weight is not None:
        target = torch.lerp(clamped.detach(), target, weight[:, None])
    return measure(clamped, target.clamp(0.0, 1.0))


def consistency_losses(
    tonemapped: Tensor, batch: Batch, weight: Tensor, cut: slice, over: str = "kept"
) -> dict[str, Tensor]:
    """Consistency losses `reexposed` and `colour`: means of `consistency.residuals` over masked-out pixels.

    Args:
        tonemapped: predictions of the samples in `cut`, (B, 3, H, W).
        batch: source of frames and times.
        weight: weight of each pixel of the pseudo label, (B, H, W); these losses weigh it by 1 - weight.
        cut: range of samples in the batch.
        over: see `masked_mean`.
    """
    terms = residuals(tonemapped, batch.frames[cut], batch.times[cut], 1.0 - weight)
    # weights differ between channels, so each channel is passed as a sample
    return {
        name: masked_mean(difference.flatten(0, 1)[:, None], untrusted.flatten(0, 1), over)
        for name, (difference, untrusted) in terms.items()
    }


def objective(
    net: Callable[[Tensor, Tensor, Tensor | None], tuple[Tensor, Tensor]],
    batch: Batch,
    settings: LossSettings,
    measure: Perceptual = structure_loss,
) -> tuple[Tensor, dict[str, Tensor]]:
    """L_s + lambda_u L_u with L = L^r + w_k L^k + lambda_v L^v of each (arXiv 2511.12939).

    The first `batch.labelled` samples are labelled and have weight 1; the others are weighted by `batch.weight`, and
    with a `consistency_weight` their masked-out pixels get `consistency_losses`. L^k of labelled samples uses the
    errors of `batch.held_out` if there are any.

    Returns:
        The total, and its unweighted terms by name.
    """
    tonemapped, sigma = net(batch.frames, batch.times, batch.noise_level)
    target = mu_law(batch.target)
    pair = _judge_pair(tonemapped, target, batch, settings.judge_domain)
    groups = {"labelled": (slice(0, batch.labelled), 1.0)}
    if batch.labelled < len(batch.frames):
        groups["unlabelled"] = (slice(batch.labelled, None), settings.unlabelled_weight)
    terms: dict[str, Tensor] = {}
    total = tonemapped.new_zeros(())
    for group, (cut, group_weight) in groups.items():
        weight = batch.weight[cut] if group == "unlabelled" else None
        losses = {
            "reconstruction": (1.0, reconstruction_loss(tonemapped[cut], target[cut], weight, settings.masked_mean))
        }
        if group == "labelled" or settings.judge_samples == "all":
            inputs = pair[0][cut], sigma[cut], pair[1][cut], weight, settings.judge_gradient, settings.masked_mean
            losses["judge"] = (settings.judge_weight, judge_loss(*inputs))
        if settings.perceptual_weight:
            perceptual = perceptual_loss(tonemapped[cut], target[cut], weight, measure)
            losses["perceptual"] = (settings.perceptual_weight, perceptual)
        if settings.consistency_weight and weight is not None:
            consistency = consistency_losses(tonemapped[cut], batch, weight, cut, settings.masked_mean)
            losses |= {term: (settings.consistency_weight, loss) for term, loss in consistency.items()}
        terms |= {f"{group}_{term}": loss for term, (_, loss) in losses.items()}
        total = total + group_weight * sum(coefficient * loss for coefficient, loss in losses.values())
    return total, terms


def _judge_pair(tonemapped: Tensor, target: Tensor, batch: Batch, domain: str) -> tuple[Tensor, Tensor]:
    """Prediction and target whose difference trains the judge, (B, 3, H, W) each, in its domain."""
    linear = domain == "linear"
    predicted = inverse_mu_law(tonemapped) if linear else tonemapped
    if batch.held_out is not None:
        unseen = batch.held_out if linear else mu_law(batch.held_out)
        predicted = torch.cat([unseen, predicted[batch.labelled :]])
    return predicted, batch.target if linear else target
