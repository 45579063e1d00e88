"""Bursts of a virtual camera inside real (or made) panoramas."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hdrpipe.config.dataset_options import RenderedOptions
from hdrpipe.datasets.cameras import CAMERAS, STEPS, Camera, varied
from hdrpipe.datasets.correcting import corrected
from hdrpipe.datasets.objects import MovingObject, make_object
from hdrpipe.datasets.scenes import Difficulty, Entry, Scene, Split
from hdrpipe.datasets.views import View, fit, luminance, sample
from hdrpipe.errors import InputError
from hdrpipe.imaging.burst import Burst
from hdrpipe.quantities import Picture

Panoramas = Mapping[str, NDArray[np.float32]]
"""Equirectangular (h, w, 3) RGB radiance by name, all of one side of the train/test split."""

MEASURABLE = (0.05, 0.8)
"""Display-coded values of the reference that tell the scale of a truth against it."""

CLIPPED = (0.07, 0.27)
"""Share of the reference's pixels that clip: enough to need the other exposures, little enough to align to."""


@dataclass(frozen=True)
class Motion:
    """Motion between two exposures, in pixels of a 256 view."""

    objects: tuple[int, int]
    speed: tuple[float, float]
    shift: tuple[float, float]
    roll: float


MOTION: dict[Difficulty, Motion] = {
    "tripod": Motion(objects=(1, 1), speed=(4, 12), shift=(0, 0), roll=0),
    "handheld": Motion(objects=(1, 1), speed=(4, 12), shift=(1, 4), roll=np.radians(0.3)),
    "large-motion": Motion(objects=(1, 3), speed=(8, 30), shift=(1, 4), roll=np.radians(0.3)),
}


def list_split(options: RenderedOptions, seed: int, split: Split, count: int, panoramas: Panoramas) -> list[Entry]:
    """`count` scenes of one split, rendered when loaded; they take the panoramas and the difficulties in turn.

    Every scene is drawn from a generator of its own, so that it does not depend on how many others are rendered.

    Args:
        options: of the dataset.
        seed: of the config.
        split: names the scenes, and keeps their random numbers apart from those of other splits.
        count: number of scenes.
        panoramas: all that this side may show, foreground objects included; at least two.

    Errors:
        InputError: with fewer than two panoramas.
    """
    if len(panoramas) < 2:
        raise InputError("one panorama alone has no foreground objects to offer", split, "give at least two")
    small = {name: fit(panorama, options.size) for name, panorama in panoramas.items()}
    return [
        Entry(
            name=f"{split}-{index:03d}",
            split=split,
            ev=_taken_with(options, seed, split, index)[1],
            load=partial(_render, seed, split, index, small, options),
            source=in_source(options, split, index),
        )
        for index in range(count)
    ]


def in_source(options: RenderedOptions, split: Split, index: int) -> bool:
    """True for a scene that the label draw may take: of the source domain, or any of the pool where there is none."""
    return split == "pool" and (options.source == 0 or index < options.source)


def difficulty(index: int, panoramas: int) -> Difficulty:
    """The difficulty of a scene: equal thirds, and every panorama meets all three."""
    # panoramas come round every `panoramas` scenes; where that is a multiple of 3, skip one each time
    skipped = index // panoramas if panoramas % len(MOTION) == 0 else 0
    return list(MOTION)[(index + skipped) % len(MOTION)]


def generator(seed: int, *path: str | int) -> np.random.Generator:
    """A generator that only its path decides, the same on every machine and in every Python."""
    digest = hashlib.sha256("/".join(map(str, (seed, *path))).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def _render(seed: int, split: Split, index: int, panoramas: Panoramas, options: RenderedOptions) -> Scene:
    rng = generator(seed, split, index)
    background = list(panoramas)[index % len(panoramas)]
    source = options.source > 0 and in_source(options, split, index)
    level = options.source_motion if source and options.source_motion else difficulty(index, len(panoramas))
    camera, ev = _taken_with(options, seed, split, index)
    view = View(*np.radians([rng.uniform(65, 92), rng.uniform(-25, 25), rng.uniform(-180, 180)]))
    scenery = sample(panoramas[background], view, view.plane(options.size))
    brightness = float(np.exp(np.log(luminance(scenery) + 1e-6).mean()))
    donors, objects = _choose_objects(rng, MOTION[level], panoramas, background, options.size, brightness)
    reference = len(ev) // 2
    seen = _watch(rng, view, MOTION[level], panoramas[background], objects, options)
    times = 2.0 ** (np.array(ev) - ev[0])
    scale = 1 / (times[reference] * _white(rng, seen[reference]))
    frames = np.stack([camera.photograph(rng, scale * each, time) for each, time in zip(seen, times, strict=True)])
    truth = _channels_first((scale * seen[reference]).clip(0, 1))
    burst, notes = _read(frames, ev, reference)
    return Scene(
        name=f"{split}-{index:03d}",
        split=split,
        burst=burst,
        truth=truth if camera.white is None else _scaled(truth, burst),
        difficulty=level,
        group=background,
        sources=tuple(dict.fromkeys((background, *donors))),
        notes=notes,
        quality=camera.jpeg or 0,
    )


def _taken_with(options: RenderedOptions, seed: int, split: Split, index: int) -> tuple[Camera, tuple[float, ...]]:
    """Camera, with its noise, and exposure values of a scene; `varied` draws all of them."""
    source = options.source > 0 and in_source(options, split, index)
    name = options.source_camera if source and options.source_camera else options.camera
    if name != "varied":
        camera, ev = CAMERAS[name], options.ev
    else:
        rng = generator(seed, split, index, "camera")
        step, reference = rng.uniform(*STEPS), len(options.ev) // 2
        camera, ev = varied(rng), tuple(float(step * (frame - reference)) for frame in range(len(options.ev)))
    noise = options.source_noise if source and options.source_noise is not None else options.noise
    if isinstance(noise, tuple):
        noise = noise[int(generator(seed, split, index, "noise").integers(len(noise)))]
    return replace(camera, noise=camera.noise * noise), ev


def _read(frames: NDArray, ev: tuple[float, ...], reference: int) -> tuple[Burst, tuple[str, ...]]:
    """The burst that a reader makes of frames (N, 3, H, W), and its notes: 8-bit codes are read as files are."""
    if frames.dtype != np.uint8:
        return Burst(ldr=frames, ev=ev, reference=reference), ()
    names = [Path(f"frame {index + 1}") for index in range(len(frames))]
    made = corrected(frames, ev, reference, names, "auto", timed=True, coarse=True)
    top = np.iinfo(made.samples.dtype).max
    ldr = np.divide(made.samples, top, dtype=np.float32)
    return Burst(ldr=ldr, ev=made.ev, reference=reference), tuple(made.notes)


def _scaled(truth: Picture, burst: Burst) -> Picture:
    """The truth in the scale of the burst as it was read: a response is known up to a factor.

    The factor is the median ratio over the reference's values that are neither dark nor bright.
    """
    low, high = MEASURABLE
    frame = burst.ldr[burst.reference]
    middle = (frame > low) & (frame < high) & (truth > 0)
    if not middle.any():
        return truth
    factor = np.median(burst.radiance[burst.reference][middle] / truth[middle])
    return (truth * np.float32(factor)).clip(0.0, 1.0)


def _watch(
    rng: np.random.Generator,
    view: View,
    motion: Motion,
    panorama: NDArray[np.float32],
    objects: list[MovingObject],
    options: RenderedOptions,
) -> list[NDArray[np.float32]]:
    """(H, W, 3) radiance before the camera at each exposure; the reference is the one that does not shake."""
    reference = len(options.ev) // 2
    pictures = []
    for step in range(-reference, len(options.ev) - reference):
        shake = None if step == 0 else _shake(rng, view, motion, options.size)
        plane = view.plane(options.size, shake)
        picture = sample(panorama, view, plane)
        for thing in objects:
            picture = thing.draw(picture, plane, step)
        pictures.append(picture)
    return pictures


def _choose_objects(
    rng: np.random.Generator, motion: Motion, panoramas: Panoramas, background: str, size: int, brightness: float
) -> tuple[list[str], list[MovingObject]]:
    others = [name for name in panoramas if name != background]
    low, high = motion.objects
    donors = [others[rng.integers(len(others))] for _ in range(rng.integers(low, high + 1))]
    return donors, [make_object(rng, panoramas[name], size, brightness, motion.speed) for name in donors]


def _shake(rng: np.random.Generator, view: View, motion: Motion, size: int) -> NDArray[np.float64]:
    """(3,) rotation of one exposure against the reference."""
    way, heading = rng.uniform(*motion.shift) * size / 256, rng.uniform(-np.pi, np.pi)
    return view.shake(size, way * np.array([np.cos(heading), np.sin(heading)]), rng.normal(0, 1) * motion.roll)


def _white(rng: np.random.Generator, picture: NDArray[np.float32]) -> float:
    """The radiance at which the reference clips, chosen for the share of clipped pixels."""
    clipped = rng.uniform(*CLIPPED)
    return max(float(np.quantile(picture.max(axis=2), 1 - clipped)), 1e-6)


def _channels_first(picture: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.ascontiguousarray(picture.transpose(2, 0, 1), dtype=np.float32)
