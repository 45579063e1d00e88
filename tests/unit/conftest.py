"""Small scenes with a known answer, and a network that trains in a blink."""

import cv2
import numpy as np
import pytest
import torch
from small_scenes import make_scene

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.camera import expose
from hdrpipe.models.network import build


def _texture(seed=0, side=128, smooth=3.0):
    noise = np.random.default_rng(seed).normal(size=(side, side, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), smooth)
    ranks = blurred.argsort(None).argsort().reshape(blurred.shape) / (blurred.size - 1)
    return np.exp2(np.log2(0.005) * (1.0 - ranks)).astype(np.float32).transpose(2, 0, 1)


def _photograph(radiance, ev=(-2.0, 0.0, 2.0), reference=1, noise=0.0):
    times = np.exp2(np.asarray(ev) - ev[0])
    pictures = radiance if isinstance(radiance, list) else [radiance] * len(times)
    rng = np.random.default_rng(0)
    frames = []
    for picture, time in zip(pictures, times, strict=True):
        grain = rng.normal(size=picture.shape) * np.sqrt(noise * picture / time)
        frames.append(expose(picture + grain, float(time)))
    return Burst(np.stack(frames), tuple(ev), reference)


def _moved(picture, right, down):
    rows = np.clip(np.arange(picture.shape[1]) - down, 0, picture.shape[1] - 1)
    columns = np.clip(np.arange(picture.shape[2]) - right, 0, picture.shape[2] - 1)
    return picture[:, rows][:, :, columns]


@pytest.fixture
def texture():
    """Smooth random radiance in [0.005, 1], (3, side, side), log-uniform: shadows and highlights alike."""
    return _texture


@pytest.fixture
def photograph():
    """A burst of one radiance picture per exposure, or of one for all; `noise` is the shot variance at radiance 1."""
    return _photograph


@pytest.fixture
def moved():
    """A picture moved by whole pixels to the right and down, borders replicated."""
    return _moved


@pytest.fixture
def scenes():
    return [make_scene(f"s{index}", index) for index in range(3)]


@pytest.fixture
def net():
    torch.manual_seed(0)
    return build({"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3})
