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


KINDS = ("jitter", "drop", "ghost", "noise")


class Drawn(np.random.Generator):
    """A generator by which one kind of corruption happens: its number is just below `CHANCE`, the others above."""

    def __init__(self, kind, seed):
        super().__init__(np.random.PCG64(seed))
        self.kind = kind

    def random(self, size):
        return np.array([0.29 if kind == self.kind else 0.31 for kind in KINDS[:size]])


def linear_burst(times, side=24):
    """Linear signal of a moving radiance, each pixel another, (N, 3, side, side); the last frames clip in part."""
    radiance = torch.from_numpy(np.random.default_rng(2).permutation(3 * side * side).reshape(3, side, side) + 50.0)
    moving = torch.stack([radiance.float().roll(index, -1) for index in range(len(times))])
    return (moving / 3e3 * times[:, None, None, None] / 4).clamp(0, 1)


def corrupted(kind, seeds, times=(1.0, 2.0, 4.0, 8.0, 16.0)):
    """Seed by seed: linear signal before, after, and the times after."""
    times = torch.tensor(times)
    before = linear_burst(times)
    for seed in range(seeds):
        frames, after = corruption.corrupt(expose(before, 1.0), times, Drawn(kind, seed))
        yield before, linear_from_ldr(frames), times, after


def changed_frames(before, after):
    return [index for index in range(len(before)) if (before[index] - after[index]).abs().max() > 1e-4]


def test_without_a_kind_nothing_changes():
    for before, after, times, new in corrupted("none", 3):
        assert changed_frames(before, after) == []
        assert torch.equal(times, new)


def test_jitter_lengthens_an_exposure_after_the_reference_by_half_a_stop_at_most():
    gains, frames = [], set()
    for before, after, times, new in corrupted("jitter", 60):
        changed = changed_frames(before, after)
        frames.update(changed)
        gains.append(float((new / times).max()))
        for index in changed:
            assert torch.allclose(after[index], (before[index] * new[index] / times[index]).clamp(0, 1), atol=1e-4)
        assert torch.equal(new[:3], times[:3])
    assert frames == {3, 4}
    assert 1.3 < max(gains) < 2**0.5 + 1e-6


def test_a_dropped_frame_is_the_reference_in_another_exposure():
    frames = set()
    for before, after, times, new in corrupted("drop", 30):
        changed = changed_frames(before, after)
        frames.update(changed)
        for index in changed:
            assert torch.allclose(after[index], (before[2] * times[index] / times[2]).clamp(0, 1), atol=1e-4)
        assert torch.equal(new, times)
    assert frames == {0, 1, 3, 4}


def test_a_ghost_is_a_rectangle_of_the_frame_copied_from_elsewhere():
    frames, heights, widths, ends = set(), set(), set(), set()
    for before, after, _, _ in corrupted("ghost", 400, (1.0, 2.0, 3.0)):
        (index,) = changed_frames(before, after)
        frames.add(index)
        inside = ((before[index] - after[index]).abs() > 1e-5).any(dim=0)
        rows, columns = (torch.nonzero(inside.any(dim=dim)).flatten() for dim in (1, 0))
        heights.add(int(rows[-1] - rows[0] + 1))
        widths.add(int(columns[-1] - columns[0] + 1))
        box = (..., slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
        ends |= {("top", int(rows[0])), ("bottom", int(rows[-1])), ("left", int(columns[0]))}
        ends.add(("right", int(columns[-1])))
        patch = after[index][box]
        wrapped = before[index].repeat(1, 2, 2)
        matches = wrapped.unfold(-2, patch.shape[-2], 1).unfold(-2, patch.shape[-1], 1)
        assert (matches - patch[:, None, None]).abs().amax((0, -2, -1)).min() < 1e-4
    assert frames == {0, 2}
    assert heights == widths == set(range(3, 9)), "an eighth to a third of the side"
    assert {("top", 0), ("bottom", 23), ("left", 0), ("right", 23)} < ends, "it reaches every border"


def test_noise_of_every_burst_is_another():
    signs = {tuple((after > before).flatten()[:64].tolist()) for before, after, *_ in corrupted("noise", 60)}
    assert len(signs) == 60


def test_noise_grows_with_the_signal_and_leaves_what_is_clipped():
    variances = []
    for before, after, times, new in corrupted("noise", 40):
        open_ = (before > 0.05) & (before < 0.9)
        variances.append(float((((after - before) / before.sqrt())[open_] ** 2).mean()))
        assert torch.equal(after[before == 1.0], before[before == 1.0])
        assert torch.equal(new, times)
        dark, bright = (((after - before)[(before > low) & (before < low + 0.1)]).std() for low in (0.05, 0.6))
        assert variances[-1] < 2e-6 or dark < 0.7 * bright
    assert 1.5e-4 < max(variances) < 2.1e-4
    assert min(variances) < 5e-5
