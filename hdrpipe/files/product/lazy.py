"""Arrays of a product that are read where they are sliced."""

from typing import Any, Protocol

import numpy as np

from hdrpipe.errors import UsageError


class _Source(Protocol):
    def take(self, scene: str, field: str, index: Any) -> np.ndarray: ...


class ProductField:
    """One array of a product, read where it is sliced; `np.asarray` takes it whole.

    Attributes:
        shape, ndim, dtype: as of the array.
    """

    def __init__(self, source: _Source, scene: str, name: str, shape: tuple[int, ...], dtype: str):
        self._source, self._scene, self._name = source, scene, name
        self.shape, self.ndim, self.dtype = shape, len(shape), np.dtype(dtype)

    def __getitem__(self, index: Any) -> np.ndarray:
        return self._source.take(self._scene, self._name, index)

    def __len__(self) -> int:
        return self.shape[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[...], dtype=dtype)


def window_index(
    dims: tuple[str | int, ...], shape: tuple[int, ...], window: tuple[int, int, int, int]
) -> tuple[slice, ...]:
    """Index of `window` = (top, left, height, width) pixels in an array with these dims.

    Raises:
        UsageError: the window is empty or leaves the array.
    """
    top, left, height, width = window
    slices = {"H": slice(top, top + height), "W": slice(left, left + width)}
    index = tuple(slices.get(str(dim).upper(), slice(0, size)) for dim, size in zip(dims, shape, strict=True))
    if any(not 0 <= cut.start < cut.stop <= size for cut, size in zip(index, shape, strict=True)):
        raise UsageError(f"window {window} leaves an array of shape {shape}")
    return index
