"""Python interface for notebooks and programs: load a network, fuse a burst, read a product.

import hdrpipe.api as hdr

model = hdr.load_model()                       # the shipped one; or a run's folder, or a weights file
fused = hdr.fuse("shots/", model)              # or arrays: hdr.fuse(frames, model, ev=[-2, 0, 2])
fused.radiance, fused.sigma                    # (3, H, W), (H, W)

with hdr.read_product("results/demo/round-01/uncertainty-00.h5") as product:
    sigma = product.read(product.scenes[0], "sigma")
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hdrpipe.datasets.bursts import find_burst
from hdrpipe.datasets.encoding import in_srgb
from hdrpipe.datasets.reading import ReadBurst, read_burst
from hdrpipe.errors import UsageError
from hdrpipe.files.product.hdf5 import Product, open_product
from hdrpipe.inference.fuse import MEMORY, Fused, Settings, fuse_burst
from hdrpipe.inference.load import Stored
from hdrpipe.tools.networks import find_network

__all__ = ["Fused", "Product", "Stored", "fuse", "load_model", "read_product"]


def load_model(source: Path | str | None = None) -> Stored:
    """Load a network to fuse with; `net` is the torch module, `metadata` the header of its file.

    Args:
        source: a run's folder (its chosen student), a weights file (.safetensors), or None for the shipped one.

    Raises:
        InputError: there is no such run or file.
        DamagedError: it is damaged.
    """
    if source is None:
        return find_network()
    path = Path(source)
    return find_network(run=path) if path.is_dir() else find_network(weights=path)


def fuse(
    burst: Any,
    model: Stored | None = None,
    *,
    ev: Sequence[float] | None = None,
    reference: int | None = None,
    align: str = "dis",
    method: str | None = None,
    blend: float | None = None,
    memory: float = MEMORY,
) -> Fused:
    """Fuse one burst to radiance (3, H, W), in which the shortest exposure clips at 1, and sigma (H, W), mu-law domain.

    Args:
        burst: a folder, a list of picture files, or frames (N, 3, H, W) RGB, display-coded: uint8, uint16, or floats
            in [0, 1].
        model: see `load_model`; None takes the shipped one.
        ev: exposure value of each frame, in stops; only for frames, because files carry theirs.
        reference: index of the frame that the result aligns to, in ascending exposure; None takes the middle one.
        align: "none", "mtb", "homography" or "dis".
        method: a classical merge instead of a network (`imaging.merge.MERGES`).
        blend: sigma above which the result fades into the classical merge; None never.
        memory: most memory to use, in GB.

    Raises:
        InputError: no burst, or one that cannot be read.
        UsageError: an impossible setting, or `ev` is no numbers.
        CapacityError: out of memory.
    """
    read = _read(burst, ev, reference)
    if not 0.0 < memory < math.inf:
        raise UsageError(f"a budget of {memory} GB", "memory", "give a finite number above 0")
    network = None if method is not None else model or load_model()
    settings = Settings(reference, align, method, blend, memory)
    if read is None:
        return fuse_burst(np.asarray(burst), _numbers(ev), network, settings)
    fused = fuse_burst(read.samples, read.ev, network, settings, coding=read.coding)
    return replace(fused, radiance=in_srgb(fused.radiance, read.matrix), notes=(*read.notes, *fused.notes))


def read_product(path: Path | str) -> Product:
    """Open a product (bursts, truth, uncertainty, masks) and verify its checksums; use it as a context manager.

    `scenes` lists its scene names, `read(scene, field)` returns an array, `scene_attributes(scene)` its attributes.

    Raises:
        InputError: there is no such file.
        DamagedError: it is damaged, incomplete, of another version, or no product.
    """
    return open_product(path, None)


def _read(burst: Any, ev: Sequence[float] | None, reference: int | None) -> ReadBurst | None:
    """The burst of a folder or of picture files; None for frames in memory, which need their exposures."""
    files = isinstance(burst, str | Path) or (len(burst) > 0 and all(isinstance(item, str | Path) for item in burst))
    if not files:
        if ev is None:
            raise UsageError("frames need their exposure values", "ev", "give one value in stops for each frame")
        return None
    if ev is not None:
        raise UsageError(
            "`ev` is for frames in memory; files carry their own exposures",
            "ev",
            "to override them, write exposure.txt beside the pictures",
        )
    return read_burst(find_burst(burst), reference=reference, curve="auto")


def _numbers(ev: Any) -> list[float]:
    """Exposure values as floats."""
    try:
        return [float(value) for value in ev]
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"exposure values {ev!r:.60} are no numbers", "ev", "give one in stops a frame") from error
