"""The losses, in the mu-law domain unless told otherwise."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from hdrpipe.config.batch_share import share
from hdrpipe.imaging.tonemap import inverse_mu_law, mu_law
from hdrpipe.learning import distributed
from hdrpipe.learning.batches import Batch
from hdrpipe.learning.consistency import gaps
from hdrpipe.learning.perceptual import Perceptual, structure_loss

BETA = 0.5
"""Exponent of beta-NLL that Seitzer et al. (ICLR 2022) recommend."""


@dataclass(frozen=True)
class LossSettings:
    """How the parts of the objective add up."""

    judge_gradient: str = "detach"
    """`detach`: L^k moves sigma alone; `joint`: the prediction too (arXiv 2511.12939); `beta`: both, as beta-NLL."""
    judge_weight: float = 0.1
    """Weight of L^k beside L^r."""
    unlabelled_weight: float = 1.0
    """Weight of the unlabelled sample's losses beside the labelled one's (lambda_u)."""
    judge_domain: str = "mu-law"
    """`mu-law` or `linear`: the errors that sigma is the deviation of."""
    judge_samples: str = "all"
    """`all`, or `labelled`: whose errors the judge learns from."""
    masked_mean: str = "kept"
    """`kept` or `all`: the pixels that a masked mean divides by."""
    perceptual_weight: float = 0.0
    """Weight of L^v (lambda_v)."""
    physics_weight: float = 0.0
    """Weight of each term of `hdrpipe.learning.consistency` beside L_u^r."""


def masked_mean(values: Tensor, weight: Tensor | None, over: str = "kept") -> Tensor:
    """Mean of (B, C, H, W) over channels and over what the weight (B, H, W) keeps; 0 if it keeps nothing.

    With `over="all"` the sum of what is kept is divided by the number of all pixels. Where processes share a batch,
    what all of them keep is the divisor: the mean of their means, and its gradient, is then that of the whole batch.
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
        target: true or pseudo label, tone-mapped, (B, 3, H, W).
        weight: trust of each pixel in [0, 1], (B, H, W); None trusts all.
        over: see `masked_mean`.
    """
    return masked_mean((tonemapped - target).abs(), weight, over)


def judge_loss(
    tonemapped: Tensor, sigma: Tensor, target: Tensor, weight: Tensor | None, gradient: str, over: str = "kept"
) -> Tensor:
    """L^k: `e^2 / (2 sigma^2) + log(sigma^2) / 2`, the divergence of a Gaussian prediction from the truth.

    At its optimum sigma is the root mean square of the error. `gradient` is `detach` (the error is a constant),
    `joint`, or `beta`: joint, each pixel times the constant `sigma^(2 BETA)`, so that small sigmas do not swamp the
    rest. Shapes as in `reconstruction_loss`; sigma (B, 1, H, W).
    """
    error = tonemapped - target
    error = error.detach() if gradient == "detach" else error
    likelihood = 0.5 * (error / sigma).square() + sigma.log()
    if gradient == "beta":
        likelihood = likelihood * sigma.detach() ** (2 * BETA)
    return masked_mean(likelihood, weight, over)


def perceptual_loss(tonemapped: Tensor, target: Tensor, weight: Tensor | None, measure: Perceptual) -> Tensor:
    """L^v: `measure` of both pictures, in [0, 1]; what is not trusted is taken from the prediction, and costs nothing.

    Shapes as in `reconstruction_loss`.
    """
    shown = tonemapped.clamp(0.0, 1.0)
    if weight is not None:
        target = torch.lerp(shown.detach(), target, weight[:, None])
    return measure(shown, target.clamp(0.0, 1.0))


def physics_losses(
    tonemapped: Tensor, batch: Batch, weight: Tensor, cut: slice, over: str = "kept"
) -> dict[str, Tensor]:
    """`reexposed` and `colour`: masked means of `physics.gaps` where pseudo labels are not trusted.

    Args:
        tonemapped: predictions of the samples in `cut`, (B, 3, H, W).
        batch: its frames and times count.
        weight: trust of each pixel in the pseudo label, (B, H, W); each pixel counts by what is missing to 1.
        cut: samples of the batch.
        over: see `masked_mean`.
    """
    found = gaps(tonemapped, batch.frames[cut], batch.times[cut], 1.0 - weight)
    # a channel has its own weights, so each stands as a picture of its own
    return {n: masked_mean(v.flatten(0, 1)[:, None], w.flatten(0, 1), over) for n, (v, w) in found.items()}


def objective(
    net: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    batch: Batch,
    settings: LossSettings,
    measure: Perceptual = structure_loss,
) -> tuple[Tensor, dict[str, Tensor]]:
    """L_s + lambda_u L_u with L = L^r + w_k L^k + lambda_v L^v of each (arXiv 2511.12939).

    The first `batch.labelled` samples are labelled and trusted everywhere; the others are weighted by `batch.weight`,
    and with a `physics_weight` their bursts speak where it trusts nothing (`physics_losses`). L^k of labelled samples
    is on the errors of `batch.held_out`, where that is given.

    Returns:
        The total, and its parts by name.
    """
    tonemapped, sigma = net(batch.frames, batch.times)
    target = mu_law(batch.target)
    judged = _judged(tonemapped, target, batch, settings.judge_domain)
    cuts = {"labelled": (slice(0, batch.labelled), 1.0)}
    if batch.labelled < len(batch.frames):
        cuts["unlabelled"] = (slice(batch.labelled, None), settings.unlabelled_weight)
    parts: dict[str, Tensor] = {}
    total = tonemapped.new_zeros(())
    for name, (cut, factor) in cuts.items():
        weight = batch.weight[cut] if name == "unlabelled" else None
        found = {
            "reconstruction": (1.0, reconstruction_loss(tonemapped[cut], target[cut], weight, settings.masked_mean))
        }
        if name == "labelled" or settings.judge_samples == "all":
            trained = judged[0][cut], sigma[cut], judged[1][cut], weight, settings.judge_gradient, settings.masked_mean
            found["judge"] = (settings.judge_weight, judge_loss(*trained))
        if settings.perceptual_weight:
            looks = perceptual_loss(tonemapped[cut], target[cut], weight, measure)
            found["perceptual"] = (settings.perceptual_weight, looks)
        if settings.physics_weight and weight is not None:
            told = physics_losses(tonemapped[cut], batch, weight, cut, settings.masked_mean)
            found |= {part: (settings.physics_weight, loss) for part, loss in told.items()}
        parts |= {f"{name}_{part}": loss for part, (_, loss) in found.items()}
        total = total + factor * sum(share * loss for share, loss in found.values())
    return total, parts


def _judged(tonemapped: Tensor, target: Tensor, batch: Batch, domain: str) -> tuple[Tensor, Tensor]:
    """The pictures whose difference the judge learns, (B, 3, H, W) each, in its domain."""
    linear = domain == "linear"
    predicted = inverse_mu_law(tonemapped) if linear else tonemapped
    if batch.held_out is not None:
        unseen = batch.held_out if linear else mu_law(batch.held_out)
        predicted = torch.cat([unseen, predicted[batch.labelled :]])
    return predicted, batch.target if linear else target
