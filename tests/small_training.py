"""A training of a second: its pieces, runs of it that end early, and whether two ended alike."""

import hashlib

import torch
from small_scenes import make_scene

from hdrpipe.learning import loop
from hdrpipe.learning.train import TrainSettings, train
from hdrpipe.models.network import build

SETTINGS = TrainSettings(seed=3, steps=24, batch=2, unlabelled_batch=2, crop=16, lr=1e-3)
INTERVAL = 3
"""Steps between two saved states."""


class Killed(BaseException):
    """Stands for a kill: nothing catches it."""


def make_net(backbone="merge_net", options=(("channels", 4),)):
    torch.manual_seed(0)
    return build({"backbone": backbone, "options": dict(options), "output": "merge", "exposures": 3})


def make_scenes():
    """Labelled and unlabelled ones."""
    scenes = [make_scene(f"s{index}", index) for index in range(3)]
    return scenes[:2], scenes[2:]


def run(folder, progress=None, workers=0, key="k", settings=SETTINGS, scenes=None, net=()):
    """Train, with a state every `INTERVAL` steps in `folder`; `net` are arguments of `make_net`."""
    torch.set_num_threads(1)
    labelled, unlabelled = scenes or make_scenes()
    return train(
        make_net(*net),
        teacher=make_net(*net),
        labelled=labelled,
        unlabelled=unlabelled,
        settings=settings,
        optimizer_state=None,
        state_dir=folder,
        state_key=key,
        progress=progress,
        workers=workers,
        saving=loop.Saving(seconds=1e9, steps=INTERVAL),
    )


def kill_after(steps):
    """A progress that ends the training after so many steps."""

    def progress(done, total, losses):
        if done == steps:
            raise Killed

    return progress


def same(one, other):
    """Whether weights, moving average and optimizer of two trainings are equal, bit for bit."""
    return all(
        torch.equal(a, b)
        for x, y in ((one.student, other.student), (one.teacher, other.teacher))
        for a, b in zip(x.state_dict().values(), y.state_dict().values(), strict=True)
    ) and all(torch.equal(one.optimizer[k], other.optimizer[k]) for k in one.optimizer)


def fingerprint_of(batch):
    """Names and content of a batch, short."""
    return batch.names, hashlib.sha256(batch.frames.numpy().tobytes() + batch.target.numpy().tobytes()).hexdigest()
