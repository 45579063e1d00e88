"""Re-rendered bursts: exact labels, noise of the burst, weights that keep out what one of their pixels doubts."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_scenes import make_scene

from hdrpipe.errors import UsageError
from hdrpipe.imaging.camera import linear_from_ldr
from hdrpipe.imaging.noise import READ_NOISE, SHOT_NOISE
from hdrpipe.learning import rerendering
from hdrpipe.learning.batches import Batches, Sampling
from hdrpipe.learning.rerendering import rerender

TIMES = torch.tensor([1.0, 4.0, 16.0])


@pytest.fixture
def still(monkeypatch):
    monkeypatch.setattr(rerendering, "STILL", 1.0)


@pytest.fixture
def moved(monkeypatch):
    monkeypatch.setattr(rerendering, "STILL", 0.0)


def made(radiance, weight=None, level=1.0, seed=0):
    whole = torch.ones(radiance.shape[-2:]) if weight is None else weight
    return rerender(radiance, whole, TIMES, level, np.random.default_rng(seed))


@pytest.mark.parametrize("level", [0.3, 10.0])
def test_frames_are_the_radiance_exposed_with_noise_of_the_level(level, still):
    frames, radiance, _ = made(torch.full((3, 400, 400), 0.04), level=level)
    for frame, time in zip(linear_from_ldr(frames), TIMES, strict=True):
        signal = 0.04 * float(time)
        assert frame.mean() == pytest.approx(signal, rel=0.01)
        assert frame.var() == pytest.approx(level * (SHOT_NOISE * signal + READ_NOISE), rel=0.05)
    assert torch.equal(radiance, torch.full((3, 200, 200), 0.04))


def test_what_is_too_bright_for_an_exposure_is_clipped_there():
    frames, _, _ = made(torch.full((3, 40, 40), 0.5))
    assert frames[0].max() < 1.0
    assert (frames[2] == 1.0).all()


def test_radiance_is_the_mean_of_its_pixels_and_weight_the_least_of_theirs():
    radiance = torch.arange(48, dtype=torch.float32).reshape(3, 4, 4) / 48
    weight = torch.ones(4, 4)
    weight[0, 1] = 0.25
    _, content, kept = made(radiance, weight)
    assert content[1, 0, 0] == pytest.approx((16 + 17 + 20 + 21) / 4 / 48)
    assert kept.tolist() == [[0.25, 1.0], [1.0, 1.0]]


def test_frames_from_elsewhere_keep_the_radiance_and_lose_noise_as_warps_take_it(moved):
    frames, _, _ = made(torch.full((3, 400, 400), 0.04))
    for number, (frame, time) in enumerate(zip(linear_from_ldr(frames), TIMES, strict=True)):
        signal = 0.04 * float(time)
        share = float(frame.var()) / (SHOT_NOISE * signal + READ_NOISE)
        assert frame.mean() == pytest.approx(signal, rel=0.01)
        assert share == pytest.approx(1.0, rel=0.05) if number == 1 else 0.2 < share < 0.95


def test_alignment_leaves_an_error_of_a_fraction_of_a_pixel_in_all_frames_but_the_reference(moved):
    ramp = torch.linspace(0.01, 0.05, 400).expand(3, 400, 400).contiguous()
    step, errors = float(ramp[0, 0, 2] - ramp[0, 0, 0]), []
    for seed in range(60):
        frames, content, _ = made(ramp, level=1e-6, seed=seed)
        off = ((linear_from_ldr(frames) / TIMES[:, None, None, None] - content) / step)[:, 0, 50:150, 50:150]
        errors.append(off.mean(dim=(1, 2)).numpy())
    spread = np.std(errors, axis=0)
    assert spread[1] < 0.01
    assert spread[[0, 2]] == pytest.approx([0.15] * 2, rel=0.3)


def shifts(monkeypatch, radiance, times=TIMES, seeds=60):
    """(frame, down, right) of every shift in so many bursts: from where it is taken, and back."""
    found, real = [], rerendering._shifted
    monkeypatch.setattr(rerendering, "_shifted", lambda picture, shift: found.append(shift) or real(picture, shift))
    for seed in range(seeds):
        rerender(radiance, torch.ones(radiance.shape[-2:]), times, 1.0, np.random.default_rng(seed))
    return np.array(found).reshape(seeds, -1, 2, 2)


def test_frames_are_taken_from_up_to_half_a_pixel_away_on_either_side(moved, monkeypatch):
    back = shifts(monkeypatch, torch.full((3, 8, 8), 0.1))[:, :, 1]
    assert back.shape == (60, 2, 2)
    assert -0.5 <= back.min() < -0.45
    assert 0.45 < back.max() <= 0.5


def test_no_frame_is_taken_from_more_than_a_pixel_away(moved, monkeypatch):
    monkeypatch.setattr(rerendering, "ERROR", 5.0)
    taken = shifts(monkeypatch, torch.full((3, 8, 8), 0.1))[:, :, 0]
    assert (taken.min(), taken.max()) == (-1.0, 1.0)


def test_the_middle_one_of_five_frames_is_the_reference(moved):
    ramp = torch.linspace(0.01, 0.03, 400).expand(3, 40, 400).contiguous()
    times = torch.tensor([1.0, 2.0, 4.0, 8.0, 16.0])
    off = torch.zeros(5)
    for seed in range(20):
        frames, content, _ = rerender(ramp, torch.ones(40, 400), times, 1e-8, np.random.default_rng(seed))
        radiance = linear_from_ldr(frames) / times[:, None, None, None]
        off += (radiance - content)[..., 5:15, 50:150].abs().mean(dim=(1, 2, 3)) / 20
    assert off[2] < 1e-6
    assert (off[[0, 1, 3, 4]] > 2e-6).all()


def test_what_a_network_took_for_less_than_black_is_black(still):
    frames, radiance, _ = made(torch.full((3, 8, 8), -0.01))
    assert torch.isfinite(frames).all()
    assert (radiance == 0.0).all()


def test_no_two_bursts_have_the_same_noise(still):
    picture = torch.full((3, 4, 4), 0.1)
    assert len({made(picture, seed=seed)[0].numpy().tobytes() for seed in range(200)}) == 200


def test_half_of_the_bursts_are_still():
    ramp = torch.linspace(0.01, 0.05, 40).expand(3, 40, 40).contiguous()
    bursts = (made(ramp, level=1e-6, seed=seed)[:2] for seed in range(200))
    still = [float((linear_from_ldr(frames[0]) - content).abs()[..., 5:15].max()) < 2e-5 for frames, content in bursts]
    assert 0.4 < np.mean(still) < 0.6


def test_a_burst_depends_on_the_generator_alone():
    picture = torch.rand((3, 8, 8), generator=torch.Generator().manual_seed(0))
    assert torch.equal(made(picture)[0], made(picture)[0])
    assert not torch.equal(made(picture)[0], made(picture, seed=1)[0])


def batch(scene, crop):
    return Batches(0, crop, [Sampling("unlabelled", (scene,), 2, "rerendered")])[0]


def test_a_sample_shows_its_target_and_not_the_frames_of_its_scene():
    scene = make_scene("s", 1, side=32)
    sample = batch(replace(scene, frames=np.zeros_like(scene.frames)), 16)
    assert sample.frames.shape == (2, 3, 3, 16, 16)
    assert sample.target.shape == (2, 3, 16, 16)
    assert sample.weight.shape == (2, 16, 16)
    shortest = linear_from_ldr(sample.frames[:, 0])
    assert (shortest - sample.target).abs().mean() < 0.02
    assert sample.target.mean() > 0.1


def test_held_out_predictions_shrink_with_their_targets():
    scene = make_scene("s", 1, side=32)
    group = Sampling("labelled", (replace(scene, held_out=scene.target),), 2, "rerendered")
    sample = Batches(0, 16, [group])[0]
    assert torch.equal(sample.held_out, sample.target)


def test_a_scene_must_hold_twice_the_crop():
    with pytest.raises(UsageError, match="smaller than the crop 16, taken at 2 times its size"):
        batch(make_scene("s", 1, side=24), 16)
