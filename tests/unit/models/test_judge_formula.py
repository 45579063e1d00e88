"""The judge against a float64 NumPy implementation."""

import numpy as np
import pytest
import torch

from hdrpipe.models.judge import Judge

FLOOR, START, SLOPE = 1e-3, 0.04, 0.1


def conv3x3(picture, weight, bias):
    """(C, H, W) to (outputs, H, W); the border is replicated."""
    height, width = picture.shape[1:]
    padded = np.pad(picture, ((0, 0), (1, 1), (1, 1)), mode="edge")
    result = np.zeros((len(weight), height, width)) + bias[:, None, None]
    for row in range(3):
        for column in range(3):
            window = padded[:, row : row + height, column : column + width]
            result += np.einsum("oc,chw->ohw", weight[:, :, row, column], window)
    return result


def leaky(x):
    return np.where(x > 0, x, SLOPE * x)


def logit(p):
    return np.log(p / (1 - p))


def doubling(size):
    """Bilinear enlargement from `size` to twice that, centres of pixels half a pixel in: (2 size, size)."""
    at = np.clip((np.arange(2 * size) + 0.5) / 2 - 0.5, 0, size - 1)
    return np.maximum(0, 1 - np.abs(at[:, None] - np.arange(size)))


def by_hand(made, feature, prior, enlarged=False):
    w = {name: value.detach().numpy() for name, value in made.named_parameters()}
    hidden = leaky(conv3x3(feature, w["first.weight"], w["first.bias"]))
    hidden = leaky(conv3x3(hidden, w["second.weight"], w["second.bias"]))
    logits = conv3x3(hidden + feature, w["last.weight"], w["last.bias"])
    if enlarged:
        logits = doubling(logits.shape[1]) @ logits @ doubling(logits.shape[2]).T
    logits = logits + logit(START if prior is None else prior)
    return FLOOR + (1 - FLOOR) / (1 + np.exp(-logits))


@pytest.fixture
def judge():
    """A judge of random weights, none of them small."""
    drawn = torch.Generator().manual_seed(4)
    made = Judge(5).double()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=drawn, dtype=torch.float64) * 0.3)
    return made


@pytest.mark.parametrize("enlarged", [False, True])
@pytest.mark.parametrize("with_prior", [False, True])
def test_sigma_is_the_formula(judge, with_prior, enlarged):
    rng = np.random.default_rng(6)
    feature, size = rng.normal(size=(2, 5, 7, 6)), (14, 12) if enlarged else (7, 6)
    prior = rng.uniform(0.005, 0.3, (2, 1, *size)) if with_prior else None
    with torch.no_grad():
        found = judge(torch.from_numpy(feature), size, None if prior is None else torch.from_numpy(prior)).numpy()
    expected = [by_hand(judge, f, None if prior is None else prior[i], enlarged) for i, f in enumerate(feature)]
    assert found == pytest.approx(np.stack(expected), rel=1e-10)


def test_the_feature_is_added_before_the_last_convolution(judge):
    """With the first two convolutions silent, the last one still reads the feature."""
    feature = np.random.default_rng(7).normal(size=(5, 7, 6))
    with torch.no_grad():
        for parameter in (*judge.first.parameters(), *judge.second.parameters()):
            parameter.zero_()
        found = judge(torch.from_numpy(feature)[None], (7, 6))[0].numpy()
    logits = conv3x3(feature, judge.last.weight.detach().numpy(), judge.last.bias.detach().numpy()) + logit(START)
    assert found == pytest.approx(FLOOR + (1 - FLOOR) / (1 + np.exp(-logits)), rel=1e-10)
    assert np.ptp(found) > 0.01


@pytest.mark.parametrize(("bias", "bound"), [(-80.0, FLOOR), (80.0, 1.0)])
def test_sigma_stays_between_its_floor_and_one(judge, bias, bound):
    feature = torch.randn(1, 5, 7, 6, generator=torch.Generator().manual_seed(8), dtype=torch.float64)
    with torch.no_grad():
        judge.last.bias.fill_(bias)
        found = judge(feature, (7, 6)).numpy()
    assert found == pytest.approx(np.full((1, 1, 7, 6), bound), rel=1e-9)
