"""Share of a training's time that it waits for data, and crops a second of one worker. One thread; prints a table."""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from rows import Row, table

from hdrpipe.learning import train as training
from hdrpipe.learning.batches import Batches, Sampling, SceneArrays
from hdrpipe.learning.loop import Saving
from hdrpipe.models.network import build

SIDE, STEPS, CROP = 256, 60, 64
SETTINGS = training.TrainSettings(seed=0, steps=STEPS, batch=4, unlabelled_batch=4, crop=CROP, lr=1e-4)


def scene(index: int) -> SceneArrays:
    """A scene of noise, of the size of the main job's."""
    rng = np.random.default_rng(index)
    truth = rng.random((3, SIDE, SIDE), np.float32) / 16
    frames = np.rint(np.clip(truth * [[[[1.0]]], [[[4.0]]], [[[16.0]]]], 0, 1) ** (1 / 2.2) * 65535).astype(np.uint16)
    return SceneArrays(f"s{index}", frames, np.array([1.0, 4.0, 16.0]), 1, truth, np.ones((SIDE, SIDE), np.float16))


def waiting(scenes: list[SceneArrays], workers: int) -> tuple[float, float]:
    """Seconds waited for batches and seconds in all, the first batch (which starts the workers) apart."""
    waited, marks, load = [], [], training.loader

    def timed(*arguments, **more):
        batches = load(*arguments, **more)
        while True:
            start = time.perf_counter()
            try:
                batch = next(batches)
            except StopIteration:
                return
            waited.append(time.perf_counter() - start)
            marks.append(time.perf_counter())
            yield batch

    training.loader = timed
    net = build({"backbone": "merge_net", "options": {}, "output": "merge", "exposures": 3})
    with tempfile.TemporaryDirectory() as folder:
        training.train(
            net, teacher=build({"backbone": "merge_net", "options": {}, "output": "merge", "exposures": 3}),
            labelled=scenes[:5], unlabelled=scenes[5:], settings=SETTINGS, optimizer_state=None,
            state_dir=Path(folder, "state"), state_key="k", workers=workers, saving=Saving(1e9),
        )  # fmt: skip
    training.loader = load
    return sum(waited[1:]), time.perf_counter() - marks[0]


def crops_per_second(scenes: list[SceneArrays]) -> float:
    """How many crops one process makes."""
    groups = [
        Sampling("labelled", tuple(scenes[:5]), 4, "weak"),
        Sampling("unlabelled", tuple(scenes[5:]), 4, "strong"),
    ]
    batches = Batches(0, CROP, groups)
    start = time.process_time()
    for step in range(STEPS):
        batches[step]
    return 8 * STEPS / (time.process_time() - start)


def measured() -> list[Row]:
    """Crops of one process, and the waiting of both ways to make batches."""
    scenes = [scene(index) for index in range(12)]
    rows = [Row(f"burst crops of {CROP} pixels a second, one process", crops_per_second(scenes), bar=">= 250")]
    for workers, where in enumerate(("the same process", "a worker process")):
        waited, whole = waiting(scenes, workers)
        what = f"training waits for data, batches of {where}"
        rows.append(Row(what, 100.0 * waited / whole, " %", f"of {whole:.0f} s", "<= 5"))
    return rows


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.stdout.write(table(measured()))
