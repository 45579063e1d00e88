"""Small scenes with a known answer, shared by the tests of this folder."""

import cv2
import numpy as np

from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.camera import expose

EV = (-2.0, 0.0, 2.0)


def texture(seed=0, side=128, smooth=3.0):
    """Smooth random radiance in [0.005, 1], (3, side, side), log-uniform: shadows and highlights alike."""
    noise = np.random.default_rng(seed).normal(size=(side, side, 3)).astype(np.float32)
    blurred = cv2.GaussianBlur(noise, (0, 0), smooth)
    ranks = blurred.argsort(None).argsort().reshape(blurred.shape) / (blurred.size - 1)
    return np.exp2(np.log2(0.005) * (1.0 - ranks)).astype(np.float32).transpose(2, 0, 1)


def photograph(radiances, ev=EV, reference=1, noise=0.0, seed=0):
    """A burst of one radiance picture per exposure, or of one for all; shot noise of the given variance at 1."""
    times = np.exp2(np.asarray(ev) - ev[0])
    pictures = radiances if isinstance(radiances, list) else [radiances] * len(times)
    rng = np.random.default_rng(seed)
    frames = []
    for picture, time in zip(pictures, times, strict=True):
        grain = rng.normal(size=picture.shape) * np.sqrt(noise * picture / time)
        frames.append(expose(picture + grain, float(time)))
    return Burst(np.stack(frames).astype(np.float32), tuple(ev), reference)


def moved(picture, right, down):
    """The picture moved by whole pixels, borders replicated."""
    rows = np.clip(np.arange(picture.shape[1]) - down, 0, picture.shape[1] - 1)
    columns = np.clip(np.arange(picture.shape[2]) - right, 0, picture.shape[2] - 1)
    return picture[:, rows][:, :, columns]
