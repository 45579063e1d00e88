"""The teacher: a moving average with a warm-up of its decay, against a recursion written by hand."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_training import SETTINGS, make_net, make_scenes

from hdrpipe.learning import ema
from hdrpipe.learning.train import train


def by_hand(start, values, limit, averaged=0):
    """The average after each of `values`, in float64."""
    means = [np.asarray(start, np.float64)]
    for t, value in enumerate(values, averaged):
        decay = min(limit, (1 + t) / (10 + t))
        means.append(decay * means[-1] + (1 - decay) * np.asarray(value, np.float64))
    return means[1:]


def test_the_decay_warms_up_to_its_limit():
    """A tenth at first; 0.7 is reached after 20 steps, 0.999 after 8990."""
    assert [ema.decay_at(t, 0.999) for t in (0, 1, 8, 80)] == pytest.approx([0.1, 2 / 11, 0.5, 0.9], rel=1e-12)
    assert [ema.decay_at(t, 0.7) for t in (19, 20, 21, 10**6)] == pytest.approx([20 / 29, 0.7, 0.7, 0.7], rel=1e-12)
    assert ema.decay_at(8989, 0.999) < 0.999 == ema.decay_at(8990, 0.999) == ema.decay_at(10**6, 0.999)


@pytest.mark.parametrize("averaged", [0, 18])
def test_the_average_is_its_closed_form(averaged):
    """Known weights for six steps; from 18 on, the decay meets its limit on the way."""
    teacher, student = (torch.nn.Linear(2, 1).double() for _ in range(2))
    values = np.random.default_rng(1).normal(size=(7, 2))
    with torch.no_grad():
        teacher.weight.copy_(torch.from_numpy(values[:1]))
    expected = by_hand(values[:1], values[1:, None], 0.7, averaged)
    for t, (value, mean) in enumerate(zip(values[1:], expected, strict=True), averaged):
        with torch.no_grad():
            student.weight.copy_(torch.from_numpy(value[None]))
        ema.update(teacher, student, ema.decay_at(t, 0.7))
        assert teacher.weight.detach().numpy() == pytest.approx(mean, rel=1e-12)
        assert student.weight.detach().numpy() == pytest.approx(value[None], rel=0, abs=0)


def test_buffers_are_copied_not_averaged():
    teacher, student = (torch.nn.BatchNorm1d(2) for _ in range(2))
    student.running_mean.fill_(3.0)
    ema.update(teacher, student, 0.9)
    assert torch.equal(teacher.running_mean, torch.full((2,), 3.0))


@pytest.mark.parametrize("averaged", [0, 13])
def test_the_teacher_of_a_training_is_the_average_of_its_students(tmp_path, averaged):
    """The count of steps goes on from `averaged_steps`; from 13 on, the decay meets its limit on the way."""
    torch.set_num_threads(1)
    net, teacher, seen, means = make_net(), make_net(), [], []
    with torch.no_grad():
        for parameter in teacher.parameters():
            parameter.add_(0.1)

    def flat(of):
        return np.concatenate([p.detach().double().numpy().ravel() for p in of.parameters()])

    def note(*_):
        seen.append(flat(net))
        means.append(flat(teacher))

    start, (labelled, unlabelled) = flat(teacher), make_scenes()
    settings = replace(SETTINGS, steps=10, lr=0.02, ema_decay=0.7, averaged_steps=averaged)
    train(
        net,
        teacher=teacher,
        labelled=labelled,
        unlabelled=unlabelled,
        settings=settings,
        optimizer_state=None,
        state_dir=tmp_path / "state",
        state_key="k",
        progress=note,
    )
    assert len(seen) == 10
    assert np.abs(seen[-1] - seen[0]).max() > 0.01
    for mean, expected in zip(means, by_hand(start, seen, 0.7, averaged), strict=True):
        assert mean == pytest.approx(expected, rel=1e-5, abs=1e-6)
