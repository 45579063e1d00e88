"""A training of eight steps for one process or for several together: all of it can travel to another process."""

import os
import signal
from dataclasses import replace
from unittest.mock import patch

import numpy as np
from small_scenes import make_scene
from small_training import SETTINGS, Killed, run

from hdrpipe.learning import state

STEPS = 8
SHARED = replace(SETTINGS, steps=STEPS, batch=4, unlabelled_batch=4)
SMALL = ("merge_net", {"channels": 4})
PAPER = ("hdr_transformer", {"channels": 12, "groups": 1, "blocks": 2, "heads": 2})


def masked_scenes():
    """Three labelled scenes, and unlabelled ones of which masks keep next to nothing, half, or nearly all."""
    rng = np.random.default_rng(5)
    masks = [(rng.random((48, 48)) < kept).astype(np.float32) for kept in (0.02, 0.5, 0.95)]
    unlabelled = [make_scene(f"u{i}", 10 + i, weight=mask) for i, mask in enumerate(masks)]
    return [make_scene(f"s{i}", i) for i in range(3)], unlabelled


def learn(folder, settings=SHARED, net=SMALL, progress=None, scenes=None):
    """Weights of student and teacher, and the history, of the small training with masks."""
    trained = run(folder / "state", progress, settings=settings, scenes=scenes or masked_scenes(), net=net)
    weights = [w.numpy() for net in (trained.student, trained.teacher) for w in net.state_dict().values()]
    return weights, trained.history


def learn_and_count(folder):
    """`learn`, and the steps that it made."""
    done = []
    return *learn(folder, progress=lambda at, *_: done.append(at)), done


def _at(step, rank, act):
    def progress(done, total, losses):
        if done == step and rank in (None, os.environ["RANK"]):
            act()

    return progress


def _kill():
    raise Killed


def learn_until(folder, step, rank=None):
    """`learn`, killed after a step: every process, or the one of a rank."""
    return learn(folder, progress=_at(step, rank, _kill))


def learn_until_stopped(folder, step, rank):
    """`learn` until a process gets SIGTERM."""
    return learn(folder, progress=_at(step, rank, lambda: os.kill(os.getpid(), signal.SIGTERM)))


def learn_of_nothing(folder):
    """`learn` from labels of which one is not finite; two processes have one label each."""
    labelled, unlabelled = masked_scenes()
    broken = replace(labelled[2], name="broken", target=np.full_like(labelled[2].target, np.nan))
    return learn(folder, replace(SHARED, batch=2), scenes=([*labelled[:2], broken], unlabelled))


def learn_in_haste(folder):
    """`learn`, with no patience for others who hold the state."""
    with patch.object(state, "PATIENCE", 0.1):
        return learn(folder)
