"""Consistency losses: direction of their gradients, and the pixels without any."""

import numpy as np
import pytest
import torch
from small_training import make_net

from hdrpipe.imaging.camera import expose
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.learning.batches import Batch
from hdrpipe.learning.consistency import agreeing_merge, residuals
from hdrpipe.learning.loss import LossSettings, consistency_losses, objective

TIMES = torch.tensor([[1.0, 4.0, 16.0]])
SIDE = 32
CLIPS = (..., slice(0, 12), slice(None))
"""Rows in which the reference clips."""


def scene():
    """Radiance (1, 3, SIDE, SIDE): rows that only the shortest exposure shows, above rows that the reference shows."""
    radiance = torch.full((1, 3, SIDE, SIDE), 0.03)
    radiance[CLIPS] = 0.6
    return radiance * torch.linspace(0.8, 1.2, SIDE)


def burst(radiance, noise=0.0, moved=None):
    """Frames (1, 3, 3, SIDE, SIDE), with a factor on the nominal noise; `moved` is the radiance of the outer two."""
    rng = torch.Generator().manual_seed(0)
    taken = []
    for index, time in enumerate(TIMES[0].tolist()):
        linear = ((radiance if moved is None or index == 1 else moved) * time).clamp(0, 1)
        grain = torch.randn(linear.shape, generator=rng) * (noise * (4e-4 * linear + 4e-6)).sqrt()
        taken.append(expose(torch.where(linear < 1, linear + grain, linear), 1.0))
    return torch.stack(taken, dim=1)


def gradients(tonemapped, untrusted, radiance=None):
    """Gradient of each term's sum over its weights, by name."""
    found = {}
    for name in ("reexposed", "colour"):
        predicted = tonemapped.clone().requires_grad_()
        value, weight = residuals(predicted, burst(scene() if radiance is None else radiance), TIMES, untrusted)[name]
        (value * weight).sum().backward()
        found[name] = predicted.grad
    return found


ALL = torch.ones(1, SIDE, SIDE)


def test_both_losses_are_zero_for_the_true_radiance():
    for value, weight in residuals(mu_law(scene()), burst(scene()), TIMES, ALL).values():
        assert (value * weight).max() < 1e-4
        assert weight.sum() > 0.5 * weight.numel()


def test_under_noise_the_truth_costs_little():
    frames = burst(scene(), noise=4.0)
    truth = residuals(mu_law(scene()), frames, TIMES, ALL)["reexposed"]
    wrong = residuals(mu_law(1.2 * scene()), frames, TIMES, ALL)["reexposed"]
    assert (truth[0] * truth[1]).sum() < 0.2 * (wrong[0] * wrong[1]).sum()


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_gradients_point_towards_the_true_radiance(factor):
    for name, gradient in gradients(mu_law(factor * scene()), ALL).items():
        weight = residuals(mu_law(factor * scene()), burst(scene()), TIMES, ALL)[name][1]
        assert (torch.sign(gradient[weight > 0]) == np.sign(factor - 1)).all()


def test_trusted_pixels_get_no_gradient():
    untrusted = ALL.clone()
    untrusted[..., :16] = 0.0
    for gradient in gradients(mu_law(2.0 * scene()), untrusted).values():
        assert (gradient[..., :16] == 0).all()
        assert (gradient[..., 16:] != 0).any()


def test_reexposure_has_no_gradient_where_the_reference_clips():
    gradient = gradients(mu_law(0.5 * scene()), ALL)["reexposed"]
    assert (gradient[CLIPS] == 0).all()
    assert (gradient[..., 14:, :] != 0).all()


def test_colour_comes_from_the_shorter_exposure_where_the_reference_clips():
    merged, known = agreeing_merge(burst(scene()), TIMES)
    assert known[CLIPS].all()
    assert torch.allclose(merged[CLIPS], scene()[CLIPS], rtol=1e-3)


def test_colour_comes_from_the_longer_exposure_where_the_reference_is_black():
    dark = torch.full((1, 3, SIDE, SIDE), 0.001)
    merged, known = agreeing_merge(burst(dark), TIMES)
    value, weight = residuals(mu_law(2 * dark), burst(dark), TIMES, ALL)["reexposed"]
    assert known.all()
    assert torch.allclose(merged, dark, rtol=1e-3)
    assert (value * weight).sum() == 0


def test_moved_pixels_do_not_enter_the_colour_target():
    moved = scene()
    moved[..., 4:10, 4:20] = 0.01  # dark in the shortest exposure where the reference clips
    moved[..., 18:28, 4:20] = 0.05
    merged, known = agreeing_merge(burst(scene(), moved=moved), TIMES)
    assert not known[..., 5:9, 6:18].any()
    inside = (..., slice(20, 26), slice(6, 18))
    assert torch.allclose(merged[inside], scene()[inside], rtol=1e-3)


@pytest.mark.parametrize("noise", [1.0, 10.0])
def test_frames_that_differ_by_noise_agree_for_any_noise_level(noise):
    merged, _ = agreeing_merge(burst(scene(), noise), TIMES)
    lower = (..., slice(14, None), slice(None))
    single = (burst(scene(), noise)[:, 1] ** 2.2 / 4 - scene())[lower].std()
    assert (merged - scene())[lower].std() < 0.75 * single


def test_a_dropped_short_frame_gives_no_colour_target_where_the_reference_clips():
    frames = burst(scene())
    frames[:, 0] = expose((scene() * 4).clamp(0, 1) / 4, 1.0)
    assert not agreeing_merge(frames, TIMES)[1][CLIPS].any()


def made_batch(weight):
    frames = burst(scene()).repeat(2, 1, 1, 1, 1)
    target, trust = scene().repeat(2, 1, 1, 1), torch.full((2, SIDE, SIDE), weight)
    return Batch(frames, TIMES.repeat(2, 1), target, trust, 1, ("a", "b"))


def test_each_term_is_added_to_the_unlabelled_losses():
    batch, net = made_batch(0.0), make_net()
    settings = LossSettings(consistency_weight=0.5, unlabelled_weight=0.3)
    (off, parts), (on, more) = (objective(net, batch, s) for s in (LossSettings(unlabelled_weight=0.3), settings))
    assert set(more) - set(parts) == {"unlabelled_reexposed", "unlabelled_colour"}
    added = 0.3 * 0.5 * (more["unlabelled_reexposed"] + more["unlabelled_colour"])
    assert on.item() == pytest.approx((off + added).item(), rel=1e-5)
    assert added > 0


def test_without_weight_nothing_is_computed_or_changed(monkeypatch):
    batch, net = made_batch(0.3), make_net()
    before = objective(net, batch, LossSettings())[0]
    monkeypatch.setattr("hdrpipe.learning.loss.residuals", None)
    assert torch.equal(objective(net, batch, LossSettings(consistency_weight=0.0))[0], before)


def test_losses_are_zero_if_all_pixels_are_trusted():
    found = consistency_losses(mu_law(2 * scene()), made_batch(1.0), torch.ones(1, SIDE, SIDE), slice(1, None))
    assert all(value == 0 for value in found.values())


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_black_and_clipped_bursts_give_no_gradient(level):
    predicted = torch.full((1, 3, SIDE, SIDE), 0.5, requires_grad=True)
    frames = torch.full((1, 3, 3, SIDE, SIDE), level)
    total = sum((value * weight).sum() for value, weight in residuals(predicted, frames, TIMES, ALL).values())
    total.backward()
    assert total == 0
    assert (predicted.grad == 0).all()


def test_the_middle_one_of_five_exposures_is_the_reference():
    """The truth costs nothing; of the third frame alone the re-exposed target changes."""
    times = torch.tensor([[1.0, 2.0, 4.0, 8.0, 16.0]])
    radiance = torch.full((1, 3, SIDE, SIDE), 0.1)
    frames = torch.stack([expose((radiance * t).clamp(0, 1), 1.0) for t in times[0]], dim=1)
    truth = residuals(mu_law(radiance), frames, times, ALL)
    assert all((value * weight).max() < 1e-4 and weight.sum() > 0 for value, weight in truth.values())
    for index in range(5):
        other = frames.clone()
        other[:, index] = expose(radiance * times[0, index] * 0.9, 1.0).clamp(0, 1)
        value, weight = residuals(mu_law(radiance), other, times, ALL)["reexposed"]
        assert bool((value * weight).max() > 1e-3) == (index == 2)


@pytest.mark.parametrize(("ratio", "agrees"), [(1.5, True), (3.0, False)])
@pytest.mark.parametrize("index", [0, 2])
def test_frames_agree_up_to_twice_the_variance_of_their_noise(index, ratio, agrees):
    """In windows of one corner one channel of a frame is off; all else is without noise, whose scale is the model's."""
    level, t = 0.02, TIMES[0]
    variance = 4e-4 * level / t + 4e-6 / t.square()
    frames = burst(torch.full((1, 3, SIDE, SIDE), 0.02))
    off = (ratio * (variance[1] + variance[index])).sqrt()
    frames[:, index, 0, :12, :12] = expose((level - off) * t[index], 1.0)
    merged, _ = agreeing_merge(frames, TIMES)
    assert bool((merged[:, 0, 3:9, 3:9] - level).abs().min() > 2e-5) == agrees
    assert torch.allclose(merged[..., 20:, 20:], torch.tensor(level), atol=1e-6)


def test_a_prediction_below_zero_is_taken_for_black():
    predicted = torch.full((1, 3, SIDE, SIDE), -0.5, requires_grad=True)
    black = residuals(torch.zeros(1, 3, SIDE, SIDE), burst(scene()), TIMES, ALL)
    for name, (value, weight) in residuals(predicted, burst(scene()), TIMES, ALL).items():
        assert torch.equal(value * weight, black[name][0] * black[name][1])


def test_a_channel_that_disagrees_rejects_the_others_too():
    moved = burst(torch.full((1, 3, SIDE, SIDE), 0.02))
    moved[:, 0] *= 1.003  # agrees
    merged, _ = agreeing_merge(moved, TIMES)
    moved[:, 0, 0] *= 1.5
    rejected, _ = agreeing_merge(moved, TIMES)
    assert (merged[:, 1:] > 0.02 + 1e-6).all()
    assert torch.allclose(rejected, torch.tensor(0.02), atol=1e-7)


def test_noisy_frames_agree_beside_a_large_clipped_area():
    """Its windows are no evidence of little noise: they show no difference because they clip."""
    frames = burst(scene(), noise=20.0)[:, :2]
    merged, _ = agreeing_merge(frames, TIMES[:, :2])
    lower = (..., slice(14, None), slice(None))
    alone = frames[:, 1] ** 2.2 / 4
    assert ((merged - alone)[lower].abs() > 1e-6).float().mean() > 0.75


def test_the_difference_does_not_depend_on_the_trust_but_its_weight_does():
    wrong, halves = mu_law(1.2 * scene()), 0.5 * ALL
    whole, half = (residuals(wrong, burst(scene()), TIMES, untrusted) for untrusted in (ALL, halves))
    for name, (value, weight) in whole.items():
        assert torch.allclose(half[name][0] * (weight > 0), value * (weight > 0), atol=1e-5)
        assert torch.equal(half[name][1], 0.5 * weight)


def test_a_batch_has_the_residuals_of_its_samples():
    samples = [(burst(scene(), noise=9.0), mu_law(1.2 * scene())), (burst(scene().mT.contiguous()), mu_law(scene()))]
    frames, predicted = (torch.cat(tensors) for tensors in zip(*samples, strict=True))
    together = residuals(predicted, frames, TIMES.repeat(2, 1), ALL.repeat(2, 1, 1))
    for index, (burst_, picture) in enumerate(samples):
        for name, alone in residuals(picture, burst_, TIMES, ALL).items():
            for one, other in zip(alone, together[name], strict=True):
                assert torch.allclose(one[0], other[index], atol=1e-6)


FIVE = torch.tensor([[1.0, 2.0, 4.0, 8.0, 16.0]])


def test_the_reference_of_five_exposures_is_the_third():
    """In half of the picture the others show another radiance, and do not agree."""
    radiance = torch.full((1, 3, SIDE, SIDE), 0.04)
    moved = radiance.clone()
    moved[..., 16:] = 0.02
    frames = torch.stack([expose(radiance if t == 4 else moved, t) for t in FIVE[0].tolist()], dim=1)
    for name, (value, weight) in residuals(mu_law(radiance), frames, FIVE, ALL).items():
        assert weight.all(), name
        assert value.max() < 1e-3, name
    merged, _ = agreeing_merge(frames, FIVE)
    assert torch.allclose(merged, radiance, rtol=1e-3)


def test_clipped_pixels_all_over_do_not_hide_what_moved():
    """They are in every window, and the noise of a frame is measured beside them."""
    radiance = torch.full((1, 3, SIDE, SIDE), 0.04)
    moved = radiance.clone()
    moved[..., 16:] = 0.02
    for picture in (radiance, moved):
        picture[..., ::4, ::4] = 2.0
    inside = (..., slice(1, None, 4), slice(21, None, 4))
    merged, _ = agreeing_merge(burst(radiance, moved=moved), TIMES)
    assert torch.allclose(merged[inside], radiance[inside], rtol=1e-3)


@pytest.mark.parametrize(("excess", "agrees"), [(1.8, True), (2.2, False)])
def test_where_nothing_can_be_compared_frames_have_the_nominal_noise(excess, agrees):
    """The reference is black; the longer exposure differs by so much of the variance of both."""
    bright = torch.full((1, 3, SIDE, SIDE), 0.0005)
    variance = (4e-4 * bright / 4 + 4e-6 / 16) + (4e-4 * bright / 16 + 4e-6 / 256)
    dark = bright + (excess * variance).sqrt()
    frames = torch.stack(
        [expose(picture, t) for picture, t in zip((dark, dark, bright), TIMES[0].tolist(), strict=True)], dim=1
    )
    assert agreeing_merge(frames, TIMES)[1].all() == agrees
