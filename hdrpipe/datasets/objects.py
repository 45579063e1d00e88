"""Foreground objects: soft-edged cut-outs of panoramas that move across the view between exposures."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.datasets.views import View, luminance, sample

SPRITE = 128
"""Side of a cut-out's own picture in pixels: finer than the largest object of a 256 view."""

CANDIDATES = 4
"""Textures tried per object; the liveliest is taken, as a grey cut-out of a wall teaches nothing about motion."""


@dataclass(frozen=True)
class MovingObject:
    """A cut-out and its path on the reference image plane.

    Args:
        sprite: (S, S, 4) float32, radiance premultiplied by coverage, then coverage.
        centre: (2,) x, y in pixels in the reference exposure.
        diameter: (2,) width and height in pixels.
        velocity: (2,) pixels per exposure.
        angle: radians in the reference exposure.
        spin: radians per exposure.
        wobble: amplitude of the deformation per exposure, relative to the object's radius.
    """

    sprite: NDArray[np.float32]
    centre: NDArray[np.float64]
    diameter: NDArray[np.float64]
    velocity: NDArray[np.float64]
    angle: float
    spin: float
    wobble: float

    def draw(self, picture: NDArray[np.float32], plane: NDArray[np.float32], step: int) -> NDArray[np.float32]:
        """Lay the object over `picture` as it stands `step` exposures after the reference.

        Args:
            picture: (H, W, 3) radiance.
            plane: (H, W, 2) x, y on the reference image plane that each pixel sees.
            step: exposures from the reference, negative before it.
        """
        away = plane - (self.centre + step * self.velocity).astype(np.float32)
        turn = self.angle + step * self.spin
        across = (np.cos(turn) * away[..., 0] + np.sin(turn) * away[..., 1]) * np.float32(2 / self.diameter[0])
        along = (np.cos(turn) * away[..., 1] - np.sin(turn) * away[..., 0]) * np.float32(2 / self.diameter[1])
        bent = across + np.float32(step * self.wobble) * np.sin(np.float32(np.pi) * along)
        layer = cv2.remap(
            self.sprite,
            ((bent + 1) * np.float32(SPRITE / 2) - np.float32(0.5)).astype(np.float32),
            ((along + 1) * np.float32(SPRITE / 2) - np.float32(0.5)).astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(0, 0, 0, 0),
        )
        return picture * (1 - layer[..., 3:]) + layer[..., :3]


def make_object(
    rng: np.random.Generator,
    panorama: NDArray[np.float32],
    size: int,
    brightness: float,
    speed: tuple[float, float],
) -> MovingObject:
    """Cut an object out of `panorama` and set it on its way.

    Args:
        rng: the scene's own generator.
        panorama: (h, w, 3) radiance, not the one of the background.
        size: side of the view in pixels.
        brightness: typical luminance of the scene; the object's lies within a stop of it.
        speed: least and greatest way per exposure, in pixels of a 256 view.
    """
    texture = _texture(rng, panorama) * np.float32(brightness * 2 ** rng.uniform(-1, 1))
    width = rng.uniform(0.12, 0.35) * size
    diameter = np.array([width, width * rng.uniform(0.8, 1.7)]).clip(max=0.35 * size)
    cover = _shape(rng, softness=1.5 / diameter.min())
    # people, cars and animals move along the ground rather than up and down
    heading = rng.normal(0, 0.35) + np.pi * rng.integers(2)
    way = rng.uniform(*speed) * size / 256
    return MovingObject(
        sprite=np.concatenate([texture * cover, cover], axis=2),
        centre=rng.uniform(0.22, 0.78, 2) * size,
        diameter=diameter,
        velocity=way * np.array([np.cos(heading), np.sin(heading)]),
        angle=rng.uniform(-0.4, 0.4),
        spin=rng.uniform(-0.08, 0.08),
        wobble=rng.uniform(-0.06, 0.06),
    )


def _texture(rng: np.random.Generator, panorama: NDArray[np.float32]) -> NDArray[np.float32]:
    """(S, S, 3) radiance with a median luminance of 1, shaded as by a light from above."""
    views = [View(rng.uniform(0.5, 0.9), rng.uniform(-0.5, 0.1), rng.uniform(-np.pi, np.pi)) for _ in range(CANDIDATES)]
    pictures = [sample(panorama, view, view.plane(SPRITE)) for view in views]
    texture = max(pictures, key=_liveliness)
    texture = texture / max(float(np.median(luminance(texture))), 1e-6)
    # a lamp or the sun inside a cut-out would be a second light source that moves; a bright surface is enough
    texture = texture / np.maximum(1, luminance(texture)[..., None] / 4)
    shade = np.linspace(1.25, 0.75, SPRITE, dtype=np.float32)[:, None, None]
    return (texture * shade).astype(np.float32)


def _liveliness(picture: NDArray[np.float32]) -> float:
    """Spread of the log luminance: high for edges and colours, low for an empty sky."""
    return float(np.log(luminance(picture) + 1e-4).clip(-6, 6).std())


def _shape(rng: np.random.Generator, softness: float) -> NDArray[np.float32]:
    """(S, S, 1) coverage of an irregular blob; `softness` is the width of its edge relative to the sprite."""
    axis = np.linspace(-1, 1, SPRITE)
    x, y = np.meshgrid(axis, axis)
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    outline = np.full_like(radius, 0.72)
    for wave in range(2, 7):
        outline += rng.uniform(0, 0.22 / wave) * np.cos(wave * angle + rng.uniform(-np.pi, np.pi))
    return ((outline - radius) / (2 * softness) + 0.5).clip(0, 1).astype(np.float32)[..., None]
