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
