"""Corruption augmentation: ranges, determinism and invariants of the corrupted burst."""

import numpy as np
import pytest
import torch

from hdrpipe.imaging.camera import expose, linear_from_ldr
from hdrpipe.learning import corruption

TIMES = torch.tensor([1.0, 4.0, 16.0])


def burst():
    radiance = np.kron(np.random.default_rng(0).random((3, 6, 6)), np.ones((4, 4))).astype(np.float32)
    return torch.from_numpy(np.stack([expose(radiance, float(t)) for t in TIMES]).astype(np.float32))


def made(seed):
    return corruption.corrupt(burst(), TIMES, np.random.default_rng(seed))


def test_corruption_depends_on_the_generator_alone():
    for seed in range(5):
        assert all(torch.equal(a, b) for a, b in zip(made(seed), made(seed), strict=True))


def test_frames_stay_in_range_and_what_was_clipped_stays_clipped_in_the_reference():
    clipped = burst()[1] == 1.0
    assert clipped.any()
    for seed in range(40):
        frames, times = made(seed)
        assert 0 <= frames.min() <= frames.max() <= 1
        assert (frames[1][clipped] == 1.0).all()
        assert times[0] == 1.0
        assert (times.diff() > 0).all()


def test_many_bursts_are_left_alone_and_none_changes_in_place():
    before = burst()
    alone = [torch.allclose(made(seed)[0], before, atol=1e-5) for seed in range(60)]
    assert 5 < sum(alone) < 40
    assert torch.equal(before, burst())


def test_a_jittered_exposure_keeps_its_radiance(monkeypatch):
    monkeypatch.setattr(corruption, "NOISE", 0.0)
    monkeypatch.setattr(corruption, "_ghost", lambda frame, rng: frame)
    found = 0
    for seed in range(60):
        frames, times = made(seed)
        if times[2] > TIMES[2]:
            open_ = (frames[2] < 1.0) & (burst()[2] < 1.0)
            radiance = linear_from_ldr(frames[2])[open_] / times[2]
            expected = linear_from_ldr(burst()[2])[open_] / TIMES[2]
            found += radiance.numpy() == pytest.approx(expected.numpy(), rel=1e-3, abs=1e-6)
    assert found > 3
