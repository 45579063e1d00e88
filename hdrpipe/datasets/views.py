"""Perspective views of equirectangular panoramas."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
"""Weights of linear RGB (ITU-R BT.709)."""


@dataclass(frozen=True)
class View:
    """Direction and field of view of the reference camera.

    Args:
        fov: field of view in radians, the same for both axes.
        pitch: radians above the horizon.
        yaw: radians to the right of the panorama's middle.
    """

    fov: float
    pitch: float
    yaw: float

    def plane(self, size: int, shake: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
        """(size, size, 2) pixel positions x, y of the reference that a shaken camera sees at each of its pixels.

        Args:
            size: side of the view in pixels.
            shake: (3,) pitch, yaw, roll in radians relative to the reference; None stands for the reference itself.
        """
        focal = self._focal(size)
        axis = np.arange(size) - (size - 1) / 2
        x, y = np.meshgrid(axis, axis)
        if shake is not None:
            # a rotation about the optical centre: what hand shake is at the distances of a panorama
            rays = np.stack([x, y, np.full_like(x, focal)], axis=-1) @ _rotation(*shake).T
            x, y = focal * rays[..., 0] / rays[..., 2], focal * rays[..., 1] / rays[..., 2]
        return (np.stack([x, y], axis=-1) + (size - 1) / 2).astype(np.float32)

    def shake(self, size: int, shift: NDArray[np.float64], roll: float) -> NDArray[np.float64]:
        """(3,) camera rotation that moves the picture by `shift` (x, y) pixels and turns it by `roll` radians."""
        return np.array([-shift[1] / self._focal(size), shift[0] / self._focal(size), roll])

    def directions(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """(H, W, 3) rays x right, y down, z ahead in the panorama's frame for positions of the reference plane."""
        size = plane.shape[0]
        offset = plane - np.float32((size - 1) / 2)
        rays = np.concatenate([offset, np.full_like(offset[..., :1], self._focal(size))], axis=-1, dtype=np.float32)
        return rays @ _rotation(self.pitch, self.yaw, 0).T.astype(np.float32)

    def _focal(self, size: int) -> float:
        return size / 2 / np.tan(self.fov / 2)


def sample(panorama: NDArray[np.float32], view: View, plane: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W, 3) radiance of the panorama (h, w, 3) at positions `plane` (H, W, 2) of the reference image plane."""
    height, width = panorama.shape[:2]
    x, y, z = np.moveaxis(view.directions(plane), -1, 0)
    across = (np.arctan2(x, z) / np.float32(2 * np.pi) + np.float32(0.5)) * width - np.float32(0.5)
    down = (np.arctan2(y, np.hypot(x, z)) / np.float32(np.pi) + np.float32(0.5)) * height - np.float32(0.5)
    seen = cv2.remap(panorama, across, down.clip(0, height - 1), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.asarray(seen, np.float32)


def fit(panorama: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """The panorama, made smaller by area when views of `size` pixels would skip samples of it."""
    width = 4 * size  # a view of 90 degrees then has one sample a pixel
    if panorama.shape[1] <= width:
        return panorama
    return np.asarray(cv2.resize(panorama, (width, width // 2), interpolation=cv2.INTER_AREA), np.float32)


def luminance(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) luminance of a (H, W, 3) picture."""
    return picture @ LUMINANCE


def _rotation(pitch: float, yaw: float, roll: float) -> NDArray[np.float64]:
    """(3, 3) rotation roll, then pitch up, then yaw right, for x right, y down, z ahead."""
    (cp, cy, cr), (sp, sy, sr) = np.cos([pitch, yaw, roll]), np.sin([pitch, yaw, roll])
    turn = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    tilt = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    pan = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    return pan @ tilt @ turn
