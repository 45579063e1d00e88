"""The camera model, for NumPy and torch alike."""

import numpy as np
import pytest
import torch

from hdrpipe.imaging.camera import expose, ldr_from_linear, linear_from_ldr, radiance_from_ldr

TIMES = np.array([1.0, 4.0, 16.0])


def test_linear_and_ldr_undo_each_other():
    ldr = np.linspace(0, 1, 1001, dtype=np.float32)
    assert ldr_from_linear(linear_from_ldr(ldr)) == pytest.approx(ldr, abs=1e-6)


def test_exposing_the_radiance_of_a_frame_gives_the_frame():
    ldr = np.random.default_rng(0).random((3, 3, 6, 6), dtype=np.float32)
    radiance = radiance_from_ldr(ldr, TIMES)
    for frame, picture, time in zip(ldr, radiance, TIMES, strict=True):
        assert expose(picture, time) == pytest.approx(frame, abs=1e-6)


def test_exposing_clips_at_both_ends():
    assert expose(np.array([-1.0, 0.3, 1.0], np.float32), 4.0).tolist() == [0.0, 1.0, 1.0]


def test_numpy_and_torch_agree_and_keep_float32():
    ldr = np.random.default_rng(1).random((2, 3, 3, 6, 6), dtype=np.float32)
    times = np.stack([TIMES, TIMES * 2])
    arrays = radiance_from_ldr(ldr, times)
    tensors = radiance_from_ldr(torch.from_numpy(ldr), torch.from_numpy(times))
    assert arrays.dtype == np.float32
    assert tensors.dtype == torch.float32
    assert tensors.numpy() == pytest.approx(arrays, rel=1e-5)


def test_radiance_is_differentiable_in_torch():
    ldr = torch.rand(3, 3, 4, 4, requires_grad=True)
    radiance_from_ldr(ldr, torch.from_numpy(TIMES)).sum().backward()
    assert ldr.grad is not None
    assert torch.isfinite(ldr.grad).all()


@pytest.mark.parametrize("made", [np.asarray, torch.from_numpy, lambda x: torch.from_numpy(x).requires_grad_()])
def test_both_directions_follow_the_power_law_from_black_to_white(made):
    values = np.concatenate([[0.0, 1.0], np.logspace(-6, 0, 999)]).astype(np.float32).reshape(7, 11, 13)
    for function, exponent in ((linear_from_ldr, 2.2), (ldr_from_linear, 1 / 2.2)):
        found = function(made(values))
        found = found.detach().numpy() if isinstance(found, torch.Tensor) else found
        assert found.flat[0] == 0.0
        assert found.flat[1] == 1.0
        assert found == pytest.approx(values.astype(np.float64) ** exponent, rel=1e-5)


def test_the_gradient_at_black_is_finite():
    black = torch.zeros(2, requires_grad=True)
    linear_from_ldr(black).sum().backward()
    assert black.grad is not None
    assert black.grad.tolist() == [0.0, 0.0]
