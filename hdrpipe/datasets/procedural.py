"""Panoramas made by code, for tests and for a trial without a download: sky or hall, lights, blocks and a floor."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.config.dataset_options import ProceduralOptions as Options
from hdrpipe.datasets.rendering import generator, list_split
from hdrpipe.datasets.scenes import Entry, Source, Split

EYE = 1.6
"""Height of the camera above the floor, in the unit of the floor's tiles."""


def sources(options: Options) -> tuple[Source, ...]:
    """None: nothing is downloaded."""
    return ()


def listing(options: Options, seed: int, cache: Path) -> list[Entry]:
    """All scenes, pool first; `cache` is not read."""
    train = [index for index in range(options.panoramas) if index % 3 != 2]
    test = [index for index in range(options.panoramas) if index % 3 == 2]
    entries: list[Entry] = []
    sides: list[tuple[Any, tuple[Split, ...]]] = [(train, ("pool", "validation")), (test, ("test",))]
    for side, splits in sides:
        panoramas = {f"place-{index:02d}": make_panorama(seed, index, 4 * options.size) for index in side}
        for split in splits:
            entries += list_split(options, seed, split, getattr(options, split), panoramas)
    return entries


def make_panorama(seed: int, index: int, width: int) -> NDArray[np.float32]:
    """One place, a hall or in the open in turn.

    Args:
        seed: of the config.
        index: number of the place.
        width: in pixels, even; the height is half of it.

    Returns:
        (width / 2, width, 3) float32 RGB radiance, the sun or lamps some hundred times the rest.
    """
    rng = generator(seed, "place", index)
    elevation = (0.5 - (np.arange(width // 2) + 0.5) / (width // 2))[:, None] * np.pi
    azimuth = ((np.arange(width) + 0.5) / width - 0.5)[None] * 2 * np.pi
    indoors = index // 2 % 2 == 1  # both kinds on both sides of the split
    above = _hall(rng, elevation, azimuth) if indoors else _sky(rng, elevation, azimuth)
    picture = np.where((elevation < 0)[..., None], _floor(rng, elevation, azimuth), above)
    for _ in range(rng.integers(9, 14)):
        _stand_block(rng, picture, elevation, azimuth)
    grain = np.exp(0.12 * _noise(rng, picture.shape[0], picture.shape[1], 0.8))
    return (picture * grain[..., None]).astype(np.float32)


def _sky(rng: np.random.Generator, elevation: NDArray, azimuth: NDArray) -> NDArray:
    """Gradient from a pale horizon to a blue zenith, clouds, and a sun with its glow."""
    height = np.clip(np.sin(elevation), 0, 1)[..., None]
    horizon, zenith = rng.uniform([0.8, 0.7, 0.55], [1.3, 1.1, 1.0]), rng.uniform([0.1, 0.2, 0.4], [0.3, 0.4, 0.8])
    clouds = np.clip(_noise(rng, elevation.size, azimuth.size, 1.6) - 0.3, 0, 2)[..., None]
    sky = horizon + (zenith - horizon) * height**0.5 + 0.5 * clouds
    away = _angle(elevation, azimuth, rng.uniform(0.1, 0.5), rng.uniform(-np.pi, np.pi))[..., None]
    sun = np.array([1.0, 0.85, 0.6])
    return sky + sun * (300 * np.exp(-((away / 0.03) ** 2)) + 3 * np.exp(-away / 0.2))


def _hall(rng: np.random.Generator, elevation: NDArray, azimuth: NDArray) -> NDArray:
    """Walls and a panelled ceiling, dim, with lamps and bright windows."""
    away = 1.5 / np.maximum(np.tan(np.abs(elevation)), 0.05)
    panels = 1 + 0.25 * np.sign(np.sin(9 * azimuth + 1) * np.sin(away))
    lit = np.exp(0.7 * np.cos(azimuth - rng.uniform(-np.pi, np.pi)))  # one end is brighter
    room = _paint(rng, 0.08, 0.25) * (panels * lit)[..., None]
    for _ in range(8):
        centre, half = rng.uniform(-np.pi, np.pi), rng.uniform(0.05, 0.22)
        low, tall = (rng.uniform(0.05, 0.2), 0.3) if rng.random() < 0.5 else (rng.uniform(0.55, 0.8), 0.07)
        inside = (np.abs(_wrap(azimuth - centre)) < half) & (elevation > low) & (elevation < low + tall)
        light = rng.uniform(1.5, 8) * rng.uniform(0.7, 1, 3)
        view = np.exp(0.5 * _noise(rng, elevation.size, azimuth.size, 1.2))[..., None]
        room = np.where(inside[..., None], light * view, room)
    return room


def _floor(rng: np.random.Generator, elevation: NDArray, azimuth: NDArray) -> NDArray:
    """Tiles in perspective, worn."""
    reach = EYE / np.tan(np.maximum(-elevation, 0.02))
    ahead, aside = (1.7 * reach * way + rng.uniform(0.5, 2.5) for way in (np.cos(azimuth), np.sin(azimuth)))
    tile = np.sign(np.sin(ahead) * np.sin(aside))
    contrast = 0.35 * np.exp(-reach / 12)  # far tiles are smaller than pixels
    worn = np.exp(0.3 * _noise(rng, elevation.size, azimuth.size, 1.2))
    return _paint(rng, 0.1, 0.3) * ((1 + contrast * tile) * worn)[..., None]


def _stand_block(rng: np.random.Generator, picture: NDArray, elevation: NDArray, azimuth: NDArray) -> None:
    """Paint a building or a cupboard into the picture: a box with rows of windows, some of them lit."""
    centre, half = rng.uniform(-np.pi, np.pi), rng.uniform(0.06, 0.28)
    foot, top = -rng.uniform(0.02, 0.25), rng.uniform(0.04, 0.5)
    across = _wrap(azimuth - centre) / half
    inside = (np.abs(across) < 1) & (elevation > foot) & (elevation < top)
    columns, rows = rng.integers(3, 8), rng.integers(3, 9)
    x, y = (across + 1) / 2 * columns, (elevation - foot) / (top - foot) * rows
    pane = (np.abs(x % 1 - 0.5) < 0.3) & (np.abs(y % 1 - 0.5) < 0.3)
    lit = rng.choice([0.15, 0.3, 2.0, 5.0], size=(rows, columns), p=[0.4, 0.35, 0.15, 0.1])
    glass = lit[y.astype(int).clip(0, rows - 1), x.astype(int).clip(0, columns - 1)]
    wall = _paint(rng, 0.05, 0.6) * (1 + 0.3 * np.sign(across))[..., None]
    face = np.where(pane[..., None], wall * glass[..., None], wall)
    picture[inside] = np.broadcast_to(face, picture.shape)[inside]


def _paint(rng: np.random.Generator, dark: float, light: float) -> NDArray:
    """(3,) reflected radiance of a muted colour."""
    return np.exp(rng.uniform(np.log(dark), np.log(light))) * rng.uniform(0.6, 1.4, 3)


def _noise(rng: np.random.Generator, height: int, width: int, slope: float) -> NDArray:
    """(height, width) noise of unit deviation, periodic, with amplitude falling as frequency ** -slope."""
    spectrum = np.fft.rfft2(rng.standard_normal((height, width)))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.rfftfreq(width)[None] * width)
    spectrum *= np.maximum(frequency, 1) ** -slope * (frequency > 0)
    noise = np.fft.irfft2(spectrum, s=(height, width))
    return noise / noise.std()


def _wrap(angle: NDArray) -> NDArray:
    """Angle brought into [-pi, pi)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def _angle(elevation: NDArray, azimuth: NDArray, up: float, around: float) -> NDArray:
    """Angle between each direction and the one at elevation `up`, azimuth `around`, in radians."""
    cosine = np.sin(elevation) * np.sin(up) + np.cos(elevation) * np.cos(up) * np.cos(azimuth - around)
    return np.arccos(cosine.clip(-1, 1))
