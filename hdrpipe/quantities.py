"""Glossary, constants and array types: shapes, units and ranges that the whole package uses.

Arrays are channel-first RGB. The `N` frames of a burst are in ascending exposure; `H`, `W` are pixels.

burst         the exposures of one scene
reference     index of the exposure that the result aligns to
ldr           display-coded camera values in [0, 1]
linear        linearised camera values in [0, 1], `ldr ** GAMMA`
times         relative exposure times `2 ** (EV - min EV)`; the shortest is 1
radiance      `linear / time`: the shortest exposure clips at 1
tonemapped    mu-law of radiance, `log(1 + MU x) / log(1 + MU)`
sigma         predictive standard deviation in the tone-mapped domain: the uncertainty map
pseudo label  the teacher's radiance for an unlabelled scene
mask          True where a pixel is trusted; `patch_mask` and `pixel_mask` are its two levels
round         0 is the warm-up; round r is the teacher of r, the masks of r, the student of r
step          one optimizer step, the only clock of training
"""

from typing import Annotated, TypeAlias

import numpy as np
from numpy.typing import NDArray

MU = 5000.0
"""Compression of the mu-law (Kalantari and Ramamoorthi 2017)."""

GAMMA = 2.2
"""Exponent of the camera response that is assumed throughout the field."""

SIGMA_MIN = 1e-3
"""Smallest sigma: a smaller one makes the Gaussian likelihood steeper than 8-bit data can support."""

PATCH = 64
"""Side of the patches of the first mask level, in pixels (arXiv 2511.12939)."""

RERENDERED = 2
"""Pixels of a picture along each side of a pixel of a burst that is re-rendered from it."""

Frames: TypeAlias = Annotated[NDArray[np.float32], "(N, 3, H, W) ldr, linear or radiance of a burst"]
Picture: TypeAlias = Annotated[NDArray[np.float32], "(3, H, W) radiance or tonemapped"]
Plane: TypeAlias = Annotated[NDArray[np.float32], "(H, W) sigma, score or weight"]
Times: TypeAlias = Annotated[NDArray[np.float64], "(N,) relative exposure times, ascending, first 1"]
Boolean: TypeAlias = Annotated[NDArray[np.bool_], "(H, W) mask, True = trusted"]
