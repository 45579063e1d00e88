"""Batches as a pure function of the step number: resuming needs no random state, workers do not change a batch."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from hdrpipe.config.batch_share import WHOLE, Share, check_batches
from hdrpipe.errors import InputError, UsageError
from hdrpipe.files import stops
from hdrpipe.files.system import shared_memory
from hdrpipe.imaging.burst import unit_floats
from hdrpipe.imaging.compression import compression_level
from hdrpipe.imaging.noise_level import crops_of, noise_level
from hdrpipe.learning import augment
from hdrpipe.learning.corruption import corrupt
from hdrpipe.learning.rerendering import reduced, rerender
from hdrpipe.quantities import RERENDERED
from hdrpipe.randomness import generator

RESIDENT_BYTES = 1 << 30
"""Total size of scenes up to which all are read into memory at once; larger sets are read crop by crop."""


PREFETCHED = 2
"""Batches that each worker makes ahead: torch's own number."""

log = logging.getLogger(__name__)


class Array(Protocol):
    """A NumPy array, or a lazy one that reads only the window that is indexed."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> Any: ...
    def __getitem__(self, window: Any, /) -> Any: ...


@dataclass(frozen=True)
class SceneArrays:
    """One scene to train on or to predict."""

    name: str
    frames: Array
    """Display-coded frames, (N, 3, H, W): integers over their dtype's range, or floats in [0, 1]."""
    times: Any
    """Relative exposure times, (N,)."""
    reference: int
    target: Array | None = None
    """True or pseudo radiance, (3, H, W)."""
    weight: Array | None = None
    """Loss weight of each pixel in [0, 1], (H, W); None is 1 everywhere."""
    quality: int = 0
    """JPEG quality of the frames, 1 to 100; 0 where they were never compressed."""
    held_out: Array | None = None
    """Radiance predicted by a teacher that was not trained on the target, (3, H, W); the judge learns its error."""

    @cached_property
    def noise_level(self) -> float:
        """The noise level that the frames show."""
        return level_of(self.frames, self.times, self.reference)

    @property
    def told_level(self) -> float:
        """The level that networks are told: that of the noise, and that of the compression."""
        return self.noise_level + compression_level(self.quality)

    def __post_init__(self) -> None:
        exposures, _, height, width = self.frames.shape
        if self.reference != exposures // 2:
            raise InputError(
                f"reference {self.reference} of {exposures} exposures is not the middle one, which networks need",
                self.name,
            )
        for name in ("target", "held_out"):
            array = getattr(self, name)
            if array is not None and tuple(array.shape) != (3, height, width):
                raise InputError(
                    f"{name} of shape {tuple(array.shape)} does not fit frames {tuple(self.frames.shape)}", self.name
                )
        if self.weight is not None and tuple(self.weight.shape) != (height, width):
            raise InputError(
                f"weight of shape {tuple(self.weight.shape)} does not fit frames {tuple(self.frames.shape)}", self.name
            )


_TENSORS = ("frames", "times", "target", "weight", "held_out", "noise_level")


@dataclass(frozen=True)
class Batch:
    """Samples of one step, or this process's share of them; labelled samples first."""

    frames: Tensor
    """(B, N, 3, h, w) display-coded, in [0, 1]."""
    times: Tensor
    """(B, N)."""
    target: Tensor
    """(B, 3, h, w) radiance."""
    weight: Tensor
    """(B, h, w) in [0, 1]; 1 for labelled samples."""
    labelled: int
    """Number of labelled samples."""
    names: tuple[str, ...]
    """Scene names of all samples of the step, those of other processes too."""
    held_out: Tensor | None = None
    """(labelled, 3, h, w) radiance, see `SceneArrays`; None without cross-fitting."""
    noise_level: Tensor | None = None
    """(B,) factors on the standard noise variance (`imaging.noise_level`); None for 1."""

    def pin_memory(self) -> "Batch":
        """The batch in page-locked memory, for asynchronous copies to a GPU; called by torch's loader."""
        return self._with(lambda tensor: tensor.pin_memory())

    def to(self, device: torch.device) -> "Batch":
        """The batch on a device."""
        if device.type == "cpu":
            return self
        return self._with(lambda tensor: tensor.to(device, non_blocking=True))

    def _with(self, change: Callable[[Tensor], Tensor]) -> "Batch":
        return replace(self, **{k: change(value) for k in _TENSORS if (value := getattr(self, k)) is not None})


@dataclass(frozen=True)
class Sampling:
    """A group of scenes and the number of samples that each step draws from it."""

    role: str
    """`labelled` or `unlabelled`; enters the seed, so that the draws of both groups are independent."""
    scenes: tuple[SceneArrays, ...]
    count: int
    augmentation: str
    """`weak`, `strong`, or strong on bursts that are `corrupted` (`hdrpipe.learning.corruption`) or `rerendered` from
    their targets (`hdrpipe.learning.rerendering`)."""

    @property
    def scale(self) -> int:
        """Pixels of a scene along each side of a pixel of a sample."""
        return RERENDERED if self.augmentation == "rerendered" else 1


class Batches(Dataset[Batch]):
    """A dataset of batches; `batches[step]` depends on the seed, the step and the scenes alone.

    Each epoch of a group visits its scenes once, in a new random order. The labelled samples of a step do not depend
    on the unlabelled group.

    Args:
        seed: seed of the stage.
        crop: side of the square crops in pixels.
        groups: labelled first, each with at least one scene.
        share: this process's share of each group; together the shares are the batch of one process, sample by sample.

    Raises:
        UsageError: a group is empty or not divisible by the processes, or a scene is smaller than the crop.
        InputError: a scene has no target.
    """

    def __init__(self, seed: int, crop: int, groups: Sequence[Sampling], share: Share = WHOLE):
        self.seed, self.crop, self.share = seed, crop, share
        check_batches(share.size, {f"{g.role} samples": g.count for g in groups})
        for group in groups:
            _check(group, crop)
        scenes = [scene for group in groups for scene in group.scenes]
        fits = sum(_bytes(scene) for scene in scenes) <= RESIDENT_BYTES
        self.groups = [replace(g, scenes=tuple(map(_resident, g.scenes))) if fits else g for g in groups]

    def __getitem__(self, step: int) -> Batch:
        scenes = [self._scenes(group, step) for group in self.groups]
        samples = [s for group, drawn in zip(self.groups, scenes, strict=True) for s in self._draw(group, drawn, step)]
        frames, times, target, weight, held, level = zip(*samples, strict=True)
        stacked = (torch.stack(tensors) for tensors in (frames, times, target, weight))
        predictions = [prediction for prediction in held if prediction is not None]
        return Batch(
            *stacked,
            labelled=len(self.share.of(self.groups[0].count)),
            noise_level=torch.tensor(level),
            names=tuple(scene.name for drawn in scenes for scene in drawn),
            held_out=torch.stack(predictions) if predictions else None,
        )

    @property
    def positions(self) -> tuple[list[int], int]:
        """Indices of this process's samples in the whole batch, and the size of the whole batch."""
        *starts, total = accumulate((group.count for group in self.groups), initial=0)
        return [s + i for s, group in zip(starts, self.groups, strict=True) for i in self.share.of(group.count)], total

    def _scenes(self, group: Sampling, step: int) -> list[SceneArrays]:
        """Scene of each sample of a step, in the random order of its epoch."""
        scenes: list[SceneArrays] = []
        for i in range(group.count):
            epoch, index = divmod(step * group.count + i, len(group.scenes))
            order = generator(self.seed, group.role, "order", epoch).permutation(len(group.scenes))
            scenes.append(group.scenes[order[index]])
        return scenes

    def _draw(self, group: Sampling, scenes: list[SceneArrays], step: int) -> "Iterator[_Sample]":
        """Samples of this process; those of others are drawn too, because one random sequence serves them all."""
        rng = generator(self.seed, group.role, step)
        for i, scene in enumerate(scenes):
            window = _random_crop(scene, self.crop * group.scale, rng)
            transform = augment.DRAWS[group.augmentation](rng)
            if i in self.share.of(group.count):
                frames, times, target, weight, held_out = _sample(scene, window, transform)
                level = scene.told_level
                drawn = (self.seed, group.role, step, "disturbed", i)
                if group.augmentation == "corrupted":
                    frames, times = corrupt(frames, times, generator(*drawn))
                if group.augmentation == "rerendered":
                    level = scene.noise_level  # bursts taken anew are not compressed
                    frames, target, weight = rerender(target, weight, times, level, generator(*drawn))
                    held_out = None if held_out is None else reduced(held_out)
                yield frames, times, target, weight, held_out, level


def loader(batches: Batches, start: int, end: int, workers: int = 0, pinned: bool = False) -> Iterator[Batch]:
    """Batches of the steps [start, end) in order, prefetched by `workers` processes (0: in this one).

    `pinned` batches are page-locked, for asynchronous copies to a GPU. Where shared memory has no room for what
    workers hand over, they are done without, and it is said.
    """
    steps, workers = range(start, end), _affordable(batches, start, workers) if start < end else 0
    more: dict[str, Any] = {"num_workers": workers, "pin_memory": pinned, "worker_init_fn": _leave_stops}
    return iter(DataLoader(batches, batch_size=None, sampler=steps, **more))


def _affordable(batches: Batches, step: int, workers: int) -> int:
    """All workers or none, by the room in shared memory for the batches that they have ready."""
    room = shared_memory()
    if workers == 0 or room is None:
        return workers
    batch = batches[step]
    size = sum(value.nbytes for name in _TENSORS if (value := getattr(batch, name)) is not None)
    needed = size * (PREFETCHED * workers + 1) * batches.share.size
    if needed <= room:
        return workers
    log.warning(
        "%d processes would hand over up to %d MiB of batches in /dev/shm, which has room for %d: one makes them all, "
        "which is slower; give it more (docker run --shm-size)",
        workers,
        needed >> 20,
        room >> 20,
    )
    return 0


def _leave_stops(_: int) -> None:
    """Leave signals of the terminal to the process that trains, which ends its workers."""
    stops.ignore(stops.TYPED)


def level_of(frames: Array, times: Any, reference: int, stated: float | None = None, correlated: bool = False) -> float:
    """Noise level of a burst (`imaging.noise_level`).

    Args:
        frames: aligned, as in `SceneArrays`; only parts of large ones are read.
        times: relative exposure times, (N,).
        reference: index of the frame that the others are aligned to.
        stated: noise level by the files, if they state one.
        correlated: True if neighbouring pixels may share their noise.
    """
    crops = (unit_floats(frames[(..., *crop)]) for crop in crops_of(*frames.shape[-2:]))
    return noise_level(crops, np.asarray(times), reference, stated, correlated)


def _check(group: Sampling, crop: int) -> None:
    if not group.scenes:
        raise UsageError(f"no {group.role} scenes to train on")
    for scene in group.scenes:
        if min(scene.frames.shape[-2:]) < crop * group.scale:
            needs = f"crop {crop}" + (f", taken at {group.scale} times its size" if group.scale > 1 else "")
            raise UsageError(
                f"scene {scene.name} of {scene.frames.shape[-2:]} pixels is smaller than the {needs}", "crop"
            )
        if scene.target is None:
            raise InputError(f"the {group.role} scene has no target to train on", scene.name)


def _bytes(scene: SceneArrays) -> int:
    arrays = (scene.frames, scene.target, scene.weight, scene.held_out)
    return sum(int(np.prod(a.shape)) * np.dtype(a.dtype).itemsize for a in arrays if a is not None)


def _resident(scene: SceneArrays) -> SceneArrays:
    arrays = ((name, getattr(scene, name)) for name in ("frames", "target", "weight", "held_out"))
    return replace(scene, **{name: np.asarray(array[...]) for name, array in arrays if array is not None})


_Crop = tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]
"""Frames, times, target, weight and held-out prediction of one sample."""

_Sample = tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None, float]
"""A `_Crop` and the noise level of its scene."""


def _random_crop(scene: SceneArrays, crop: int, rng: np.random.Generator) -> tuple[slice, slice]:
    """Rows and columns of a random crop."""
    height, width = scene.frames.shape[-2:]
    top, left = int(rng.integers(height - crop + 1)), int(rng.integers(width - crop + 1))
    return slice(top, top + crop), slice(left, left + crop)


def _sample(scene: SceneArrays, crop: tuple[slice, slice], transform: augment.Transform) -> _Crop:
    window = (..., *crop)
    frames = augment.transform_picture(transform, torch.from_numpy(unit_floats(scene.frames[window])))
    target, held_out = (
        None
        if array is None
        else augment.transform_picture(transform, torch.from_numpy(np.asarray(array[window], np.float32)))
        for array in (scene.target, scene.held_out)
    )
    whole = np.ones(frames.shape[-2:], np.float32)
    plane = whole if scene.weight is None else np.asarray(scene.weight[window], np.float32)
    weight = augment.transform_plane(transform, torch.from_numpy(plane))
    times = torch.tensor(np.asarray(scene.times), dtype=torch.float32)
    return frames, times, cast(Tensor, target), weight, held_out
