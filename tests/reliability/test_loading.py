"""R18: whoever loads a batch, it is the same."""

import contextlib
import multiprocessing

import pytest
from small_scenes import make_scene
from small_training import fingerprint_of
from torch.utils.data import DataLoader

from hdrpipe.learning.batches import Batches, Sampling, loader

STEPS = range(3, 9)


@pytest.fixture(scope="module")
def batches():
    scenes = tuple(make_scene(f"s{index}", index) for index in range(3))
    return Batches(
        1, 16, [Sampling("labelled", scenes[:2], 2, "weak"), Sampling("unlabelled", scenes[2:], 2, "strong")]
    )


@contextlib.contextmanager
def loaded(batches, workers, start):
    """The batches of the steps from `workers` processes; with none, from one process that loads without workers."""
    if workers:
        yield DataLoader(batches, batch_size=None, sampler=STEPS, num_workers=workers, multiprocessing_context=start)
    else:
        with multiprocessing.get_context(start).Pool(1) as process:
            yield process.map(batches.__getitem__, STEPS)


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("workers", [0, 2, 4])
def test_workers_and_their_start_change_no_batch(batches, workers, start, count):
    expected = [fingerprint_of(batches[step]) for step in STEPS]
    with loaded(batches, workers, start) as made:
        assert [fingerprint_of(batch) for batch in made] == expected
    assert [fingerprint_of(batch) for batch in loader(batches, STEPS.start, STEPS.stop, workers)] == expected
    count("R18")
