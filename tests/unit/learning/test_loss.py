"""The losses against their formulas, and which tensors get a gradient."""

import math
from dataclasses import asdict, replace

import pytest
import torch

from hdrpipe.config.sections import LossSpec, StudentSpec
from hdrpipe.imaging.tonemap import inverse_mu_law
from hdrpipe.learning import loss
from hdrpipe.learning.batches import Batch
from hdrpipe.learning.loss import (
    BETA,
    LossSettings,
    consistency_losses,
    judge_loss,
    masked_mean,
    objective,
    perceptual_loss,
    reconstruction_loss,
)
from hdrpipe.learning.perceptual import structure_loss


def test_what_is_not_set_is_as_in_the_config():
    sections = {**StudentSpec().model_dump(), **LossSpec().model_dump()}
    assert {name: sections[name] for name in asdict(LossSettings())} == asdict(LossSettings())


def test_masked_mean_divides_by_what_is_kept():
    values = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert masked_mean(values, None) == 2.5
    assert masked_mean(values, torch.tensor([[[1.0, 0.0], [1.0, 0.0]]])) == 2.0
    assert masked_mean(values, torch.tensor([[[0.5, 0.0], [0.5, 0.0]]])) == 2.0 * 1.0
    assert masked_mean(values, torch.zeros(1, 2, 2)) == 0.0


def test_reconstruction_loss_ignores_what_is_masked():
    target, weight = torch.zeros(1, 3, 4, 4), torch.ones(1, 4, 4)
    predicted = torch.full((1, 3, 4, 4), 0.5)
    predicted[..., 0] = 9.0
    weight[..., 0] = 0.0
    assert reconstruction_loss(predicted, target, weight) == pytest.approx(0.5)


def test_judge_loss_is_the_formula():
    predicted, target = torch.full((1, 3, 2, 2), 0.3), torch.zeros(1, 3, 2, 2)
    sigma = torch.full((1, 1, 2, 2), 0.1)
    expected = 0.3**2 / (2 * 0.1**2) + 0.5 * math.log(0.1**2)
    assert judge_loss(predicted, sigma, target, None, "detach").item() == pytest.approx(expected, rel=1e-5)


def test_judge_loss_is_least_where_sigma_is_the_error():
    error = torch.full((1, 3, 2, 2), 0.05)
    found = [judge_loss(error, torch.full((1, 1, 2, 2), s), error * 0, None, "detach") for s in (0.04, 0.05, 0.06)]
    assert found[1] < min(found[0], found[2])


@pytest.mark.parametrize(("gradient", "moves"), [("detach", False), ("joint", True), ("beta", True)])
def test_judge_gradient_setting_decides_if_the_prediction_moves(gradient, moves):
    predicted = torch.full((1, 3, 2, 2), 0.3, requires_grad=True)
    sigma = torch.full((1, 1, 2, 2), 0.1, requires_grad=True)
    judge_loss(predicted, sigma, torch.zeros(1, 3, 2, 2), None, gradient).backward()
    assert sigma.grad is not None
    assert (predicted.grad is not None) == moves


def test_a_mean_over_all_pixels_counts_the_masked_ones():
    values = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    assert masked_mean(values, torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]), "all") == 1.0
    assert masked_mean(values, torch.zeros(1, 2, 2), "all") == 0.0


def test_beta_nll_moves_the_prediction_the_less_the_smaller_sigma_is():
    """The joint gradient is e / sigma^2; beta-NLL at 1/2 makes it e / sigma (Seitzer et al. 2022, eq. 7)."""
    moved = {}
    for gradient in ("joint", "beta"):
        predicted = torch.full((1, 3, 1, 2), 0.3, requires_grad=True)
        sigma = torch.tensor([[[[0.1, 0.01]]]])
        judge_loss(predicted, sigma, torch.zeros(1, 3, 1, 2), None, gradient).backward()
        moved[gradient] = (predicted.grad[0, 0, 0, 1] / predicted.grad[0, 0, 0, 0]).item()
    assert moved["joint"] == pytest.approx(100.0, rel=1e-4)
    assert moved["beta"] == pytest.approx(10.0, rel=1e-4)


class Fixed(torch.nn.Module):
    """A network with a fixed output."""

    def __init__(self, tonemapped, sigma):
        super().__init__()
        self.tonemapped, self.sigma = torch.nn.Parameter(tonemapped), torch.nn.Parameter(sigma)

    def forward(self, frames, times, level):
        return self.tonemapped, self.sigma


def fixed_sample(held_out=None):
    shape = (2, 3, 16, 16)
    net = Fixed(torch.full(shape, 0.6), torch.full((2, 1, 16, 16), 0.1))
    target = inverse_mu_law(torch.full(shape, 0.5))
    frames = torch.zeros(2, 3, *shape[1:])
    return net, Batch(frames, torch.ones(2, 3), target, torch.ones(2, 16, 16), 1, ("a", "b"), held_out)


def parts_of(**settings):
    net, batch = fixed_sample()
    total, parts = objective(net, batch, LossSettings(**settings))
    return total.item(), {name: value.item() for name, value in parts.items()}


def test_the_total_is_the_papers_sum():
    total, p = parts_of(judge_weight=1.0, perceptual_weight=0.01, unlabelled_weight=0.5)
    sums = [
        p[f"{n}_reconstruction"] + p[f"{n}_judge"] + 0.01 * p[f"{n}_perceptual"] for n in ("labelled", "unlabelled")
    ]
    assert total == pytest.approx(sums[0] + 0.5 * sums[1], rel=1e-5)


def test_judge_samples_labelled_gives_no_judge_loss_of_pseudo_labels():
    assert set(parts_of(judge_samples="labelled")[1]) == {
        "labelled_reconstruction", "labelled_judge", "unlabelled_reconstruction",
    }  # fmt: skip


def test_the_judge_in_the_linear_domain():
    gap = float(inverse_mu_law(torch.tensor(0.6)) - inverse_mu_law(torch.tensor(0.5)))
    found = parts_of(judge_domain="linear")[1]["labelled_judge"]
    assert found == pytest.approx(gap**2 / (2 * 0.1**2) + math.log(0.1), rel=1e-4)


def test_the_judge_may_learn_held_out_errors_of_the_labelled_sample():
    held = inverse_mu_law(torch.full((1, 3, 16, 16), 0.7))
    net, batch = fixed_sample(held)
    _, parts = objective(net, batch, LossSettings(judge_gradient="joint"))
    assert parts["labelled_judge"].item() == pytest.approx(0.2**2 / (2 * 0.1**2) + math.log(0.1), rel=1e-4)
    assert parts["unlabelled_judge"].item() == pytest.approx(0.1**2 / (2 * 0.1**2) + math.log(0.1), rel=1e-4)
    linear = objective(net, batch, LossSettings(judge_domain="linear"))[1]["labelled_judge"].item()
    gap = float(held[0, 0, 0, 0] - inverse_mu_law(torch.tensor(0.5)))
    assert linear == pytest.approx(gap**2 / (2 * 0.1**2) + math.log(0.1), rel=1e-4)
    parts["labelled_judge"].backward()
    assert net.tonemapped.grad is None or not net.tonemapped.grad[0].any(), "another network's errors moved this one"
    assert net.sigma.grad[0].any()


def test_the_factor_of_beta_nll_is_a_constant():
    """Sigma moves by the slope of the likelihood times sigma^(2 beta), not by the slope of the product."""
    error, sigma = 0.3, torch.tensor([[[[0.2]]]], requires_grad=True)
    judge_loss(torch.full((1, 1, 1, 1), error), sigma, torch.zeros(1, 1, 1, 1), None, "beta").backward()
    slope = -(error**2) / 0.2**3 + 1 / 0.2
    assert sigma.grad.item() == pytest.approx(0.2 ** (2 * BETA) * slope, rel=1e-5)


def test_the_perceptual_loss_sees_pictures_in_range():
    seen = []
    predicted, target = (
        torch.tensor(values).view(1, 1, 1, 4) for values in ([-0.5, 0.25, 1.0, 1.5], [3.0, 1.0, 0.5, 0.0])
    )
    perceptual_loss(predicted, target, None, lambda *pictures: seen.extend(pictures) or pictures[0].sum())
    assert [picture.flatten().tolist() for picture in seen] == [[0.0, 0.25, 1.0, 1.0], [1.0, 1.0, 0.5, 0.0]]


def test_masked_pixels_add_neither_perceptual_loss_nor_gradient():
    torch.manual_seed(0)
    predicted, target = torch.rand(1, 3, 32, 32, requires_grad=True), torch.rand(1, 3, 32, 32)
    loss = perceptual_loss(predicted, target, torch.zeros(1, 32, 32), structure_loss)
    loss.backward()
    assert loss.item() == pytest.approx(0.0, abs=1e-5)
    assert predicted.grad.abs().max() < 1e-5
    assert perceptual_loss(predicted, target, torch.ones(1, 32, 32), structure_loss) > 0.5


def test_without_unlabelled_samples_there_are_the_labelled_terms_alone():
    net, batch = fixed_sample()
    _, terms = objective(net, replace(batch, labelled=2), LossSettings())
    assert set(terms) == {"labelled_reconstruction", "labelled_judge"}


def test_consistency_losses_are_means_over_what_is_masked_out_in_each_channel(monkeypatch):
    drawn = torch.Generator().manual_seed(5)
    made = {name: tuple(torch.rand(2, 3, 4, 6, generator=drawn) for _ in range(2)) for name in ("reexposed", "colour")}
    monkeypatch.setattr(loss, "residuals", lambda *_: made)
    _, batch = fixed_sample()
    found = consistency_losses(batch.target, batch, torch.zeros(2, 16, 16), slice(None))
    for name, (value, weight) in made.items():
        assert found[name].item() == pytest.approx(float((value * weight).sum() / weight.sum()), rel=1e-5)


@pytest.mark.parametrize("trust", [0.25, 0.5, 1.0])
def test_the_target_of_a_partly_trusted_pixel_moves_no_prediction(trust):
    """It is mixed from the prediction, as a constant: the mean difference has the slope of one pixel in four."""
    predicted, target = torch.full((1, 1, 2, 2), 0.8, requires_grad=True), torch.full((1, 1, 2, 2), 0.2)
    measured = perceptual_loss(predicted, target, torch.full((1, 2, 2), trust), lambda a, b: (a - b).abs().mean())
    measured.backward()
    assert measured.item() == pytest.approx(0.6 * trust)
    assert torch.allclose(predicted.grad, torch.tensor(0.25))
