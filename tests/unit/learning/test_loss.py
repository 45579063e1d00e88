"""The losses against their formulas, and who gets a gradient."""

import math

import pytest
import torch

from hdrpipe.learning.loss import judge_loss, masked_mean, reconstruction_loss


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


@pytest.mark.parametrize(("gradient", "moves"), [("detach", False), ("joint", True)])
def test_who_moves_the_prediction(gradient, moves):
    predicted = torch.full((1, 3, 2, 2), 0.3, requires_grad=True)
    sigma = torch.full((1, 1, 2, 2), 0.1, requires_grad=True)
    judge_loss(predicted, sigma, torch.zeros(1, 3, 2, 2), None, gradient).backward()
    assert sigma.grad is not None
    assert (predicted.grad is not None) == moves
