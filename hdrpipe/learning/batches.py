"""Step number -> batch, as a pure function: resuming needs no random state, and workers change nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Protocol, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from hdrpipe.config.batch_share import WHOLE, Share, check_batches
from hdrpipe.errors import InputError, UsageError
from hdrpipe.learning import augment
from hdrpipe.learning.corruption import disturb
from hdrpipe.randomness import generator

RESIDENT_BYTES = 1 << 30
"""Scenes up to this size in all are read into memory once; larger sets are read window by window."""


class Array(Protocol):
    """A NumPy array, or a lazy one that reads only what is sliced."""

    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def dtype(self) -> Any: ...
    def __getitem__(self, window: Any, /) -> Any: ...


@dataclass(frozen=True)
class SceneArrays:
    """One scene to learn from or to predict."""

    name: str
    frames: Array
    """Display-coded frames, (N, 3, H, W): integers over their dtype's range, or floats in [0, 1]."""
    times: Any
    """Relative exposure times, (N,)."""
    reference: int
    target: Array | None = None
    """True or pseudo radiance, (3, H, W)."""
    weight: Array | None = None
    """Trust of each pixel in [0, 1], (H, W); None trusts all."""
    held_out: Array | None = None
    """Radiance as predicted by a network that has not learned the target, (3, H, W); its error is the judge's."""

    def __post_init__(self) -> None:
        exposures, _, height, width = self.frames.shape
        if self.reference != exposures // 2:
            raise InputError(f"reference {self.reference} of {exposures}: networks take the middle exposure", self.name)
        for name in ("target", "held_out"):
            array = getattr(self, name)
            if array is not None and tuple(array.shape) != (3, height, width):
                raise InputError(f"{name} {tuple(array.shape)} for frames {tuple(self.frames.shape)}", self.name)
        if self.weight is not None and tuple(self.weight.shape) != (height, width):
            raise InputError(f"weight {tuple(self.weight.shape)} for frames {tuple(self.frames.shape)}", self.name)


_TENSORS = ("frames", "times", "target", "weight", "held_out")


@dataclass(frozen=True)
class Batch:
    """Samples of one step, or this process's share of them; the labelled ones first."""

    frames: Tensor
    """(B, N, 3, h, w) display-coded, in [0, 1]."""
    times: Tensor
    """(B, N)."""
    target: Tensor
    """(B, 3, h, w) radiance."""
    weight: Tensor
    """(B, h, w) in [0, 1]; 1 for labelled samples."""
    labelled: int
    names: tuple[str, ...]
    """Scenes of all samples of the step."""
    held_out: Tensor | None = None
    """(labelled, 3, h, w) radiance, see `SceneArrays`; None if labelled scenes have none."""

    def pin_memory(self) -> "Batch":
        """The batch in pages that a GPU copies from while it computes; asked for by torch's loader."""
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
    """What one step draws of one group of scenes."""

    role: str
    """`labelled` or `unlabelled`: part of the seed, so that both groups draw apart from each other."""
    scenes: tuple[SceneArrays, ...]
    count: int
    augmentation: str
    """`weak`, `strong`, or `harder`: strong, on bursts that are disturbed besides."""


class Batches(Dataset[Batch]):
    """`batches[step]` depends on the seed, the step and the scenes alone.

    Scenes are cycled: each comes once, in a fresh order, before any comes again. The labelled draw of a step is the
    same whatever the unlabelled group is.

    Args:
        seed: of the stage.
        crop: side of the square crops in pixels.
        groups: labelled first, each with at least one scene.
        share: of each group's samples; all shares together are the batch of one process, sample by sample.

    Raises:
        UsageError: a group is empty or cannot be shared equally, or a scene is smaller than the crop.
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
        samples = [s for group, own in zip(self.groups, scenes, strict=True) for s in self._draw(group, own, step)]
        frames, times, target, weight, held = zip(*samples, strict=True)
        stacked = (torch.stack(part) for part in (frames, times, target, weight))
        known = [prediction for prediction in held if prediction is not None]
        return Batch(
            *stacked,
            labelled=len(self.share.of(self.groups[0].count)),
            names=tuple(scene.name for own in scenes for scene in own),
            held_out=torch.stack(known) if known else None,
        )

    @property
    def places(self) -> tuple[list[int], int]:
        """Which of all samples of a step this share has, and how many there are in all."""
        *starts, total = accumulate((group.count for group in self.groups), initial=0)
        return [s + i for s, group in zip(starts, self.groups, strict=True) for i in self.share.of(group.count)], total

    def _scenes(self, group: Sampling, step: int) -> list[SceneArrays]:
        """The scene of each sample of a step."""
        found: list[SceneArrays] = []
        for i in range(group.count):
            epoch, place = divmod(step * group.count + i, len(group.scenes))
            order = generator(self.seed, group.role, "order", epoch).permutation(len(group.scenes))
            found.append(group.scenes[order[place]])
        return found

    def _draw(self, group: Sampling, scenes: list[SceneArrays], step: int) -> "Iterator[_Sample]":
        """This share of the samples; the others are drawn as well, because one sequence of numbers is for all."""
        rng = generator(self.seed, group.role, step)
        for i, scene in enumerate(scenes):
            window, move = _place(scene, self.crop, rng), augment.DRAWS[group.augmentation](rng)
            if i in self.share.of(group.count):
                frames, times, target, weight, held_out = _sample(scene, window, move)
                if group.augmentation == "harder":
                    frames, times = disturb(frames, times, generator(self.seed, group.role, step, "disturbed", i))
                yield frames, times, target, weight, held_out


def loader(batches: Batches, start: int, end: int, workers: int = 0, pinned: bool = False) -> Iterator[Batch]:
    """Batches of the steps [start, end) in order, made ahead by `workers` processes (0: in this one).

    `pinned` ones can be copied to a GPU while it computes.
    """
    steps = range(start, end)
    return iter(DataLoader(batches, batch_size=None, sampler=steps, num_workers=workers, pin_memory=pinned))


def unit_floats(frames: Any) -> np.ndarray:
    """Display-coded frames as float32 in [0, 1]; integers are divided by the largest value of their dtype."""
    frames = np.asarray(frames)
    scale = np.iinfo(frames.dtype).max if frames.dtype.kind == "u" else 1
    return np.divide(frames, scale, dtype=np.float32)


def _check(group: Sampling, crop: int) -> None:
    if not group.scenes:
        raise UsageError(f"no {group.role} scenes to learn from")
    for scene in group.scenes:
        if min(scene.frames.shape[-2:]) < crop:
            raise UsageError(f"scene {scene.name} is {scene.frames.shape[-2:]}, smaller than the crop {crop}", "crop")
        if scene.target is None:
            raise InputError(f"no target to learn from ({group.role})", scene.name)


def _bytes(scene: SceneArrays) -> int:
    arrays = (scene.frames, scene.target, scene.weight, scene.held_out)
    return sum(int(np.prod(a.shape)) * np.dtype(a.dtype).itemsize for a in arrays if a is not None)


def _resident(scene: SceneArrays) -> SceneArrays:
    arrays = ((name, getattr(scene, name)) for name in ("frames", "target", "weight", "held_out"))
    return replace(scene, **{name: np.asarray(array[...]) for name, array in arrays if array is not None})


_Sample = tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]
"""One sample's frames, times, target, weight and held-out prediction."""


def _place(scene: SceneArrays, crop: int, rng: np.random.Generator) -> tuple[slice, slice]:
    """Rows and columns of a crop."""
    height, width = scene.frames.shape[-2:]
    top, left = int(rng.integers(height - crop + 1)), int(rng.integers(width - crop + 1))
    return slice(top, top + crop), slice(left, left + crop)


def _sample(scene: SceneArrays, place: tuple[slice, slice], move: augment.Move) -> _Sample:
    window = (..., *place)
    frames = augment.move_picture(move, torch.from_numpy(unit_floats(scene.frames[window])))
    target, held_out = (
        None if array is None else augment.move_picture(move, torch.from_numpy(np.asarray(array[window], np.float32)))
        for array in (scene.target, scene.held_out)
    )
    whole = np.ones(frames.shape[-2:], np.float32)
    plane = whole if scene.weight is None else np.asarray(scene.weight[window], np.float32)
    weight = augment.move_plane(move, torch.from_numpy(plane))
    times = torch.tensor(np.asarray(scene.times), dtype=torch.float32)
    return frames, times, cast(Tensor, target), weight, held_out
