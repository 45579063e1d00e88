"""Small scenes to train on in a blink."""

import numpy as np

from hdrpipe.learning.batches import SceneArrays

TIMES = np.array([1.0, 4.0, 16.0])


def make_scene(name, seed, side=48, weight=None):
    rng = np.random.default_rng(seed)
    truth = np.kron(rng.random((3, side // 8, side // 8)), np.ones((8, 8))).astype(np.float32) * 0.3
    ldr = np.clip(truth[None] * TIMES[:, None, None, None], 0, 1) ** (1 / 2.2)
    frames = np.rint(ldr * 65535).astype(np.uint16)
    return SceneArrays(name, frames, TIMES, 1, truth, weight)
