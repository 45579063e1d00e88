"""Quality of sigma and masks for `evaluate`: baseline maps, strata of pixels, calibration, detection of errors."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from hdrpipe.evaluation.baseline_maps import disagreement, kinds, trivial_maps
from hdrpipe.evaluation.sigma_quality import by_kind, ranking, tempered
from hdrpipe.evaluation.uncertainty import error_map
from hdrpipe.files.product.hdf5 import Product
from hdrpipe.files.product.schema import network_frames
from hdrpipe.files.product.shards import Shards
from hdrpipe.imaging.burst import unit_floats
from hdrpipe.inference.tiles import predict
from hdrpipe.masking.strategy import spread
from hdrpipe.stages.inputs import relative_times

PIXELS = 200_000
"""Approximate number of pixels that are measured: rank measures sort them once for each map."""


MASK_LEVELS = ("patch", "pixel", "bilevel")


def judged(network: nn.Module, product: Product, scenes: Shards, targets: Shards) -> dict[str, Any]:
    """Quality of sigma on scenes with truth: `rivals`, `kinds`, `calibration` (see `evaluation.sigma_quality`).

    Args:
        network: the network that predicted `product`; it predicts each scene once more, mirrored.
        product: predictions and sigma.
        scenes: the bursts.
        targets: truths; scenes without truth are left out.
    """
    names = [scene for scene in product.scenes if scene in targets]
    columns = [_columns(network, product, scenes, targets, scene, max(1, PIXELS // len(names))) for scene in names]
    if not columns:
        return {}
    pooled = {name: np.concatenate([column[name] for column in columns]) for name in columns[0]}
    error, sigma = pooled.pop("error"), pooled["sigma"]
    strata = {name: pooled.pop(name) for name in ("saturated", "moving", "well_exposed")}
    return {
        "rivals": {name: ranking(error, order) for name, order in pooled.items()},
        "kinds": by_kind(error, sigma, strata),
        "calibration": tempered([c["error"] for c in columns], [c["sigma"] for c in columns]),
    }


def _columns(
    network: nn.Module, product: Product, scenes: Shards, targets: Shards, scene: str, pixels: int
) -> dict[str, NDArray[Any]]:
    """Map name -> values at about `pixels` pixels of one scene."""
    bursts = scenes.of(scene)
    attributes = bursts.scene_attributes(scene)
    frames, times = unit_floats(network_frames(bursts, scene)[...]), relative_times(attributes["ev"])
    burst = frames, times, int(attributes["reference"])
    estimate = product.read(scene, "pseudo_label").astype(np.float32)
    quality = int(attributes.get("quality", 0))
    mirrored = predict(network, np.ascontiguousarray(frames[..., ::-1]), times, quality)[0][..., ::-1]
    maps = {
        "error": error_map(estimate, targets.of(scene).read(scene, "radiance")),
        "sigma": product.read(scene, "sigma"),
        "mirrored": disagreement(estimate, mirrored),
        **trivial_maps(*burst, seed=sum(scene.encode())),
        **kinds(*burst),
    }
    return {name: values.ravel()[:: max(1, values.size // pixels)].copy() for name, values in maps.items()}


def mask_levels(product: Product, scene: str) -> dict[str, NDArray[np.bool_]]:
    """Masks (H, W) of a scene, by `MASK_LEVELS`."""
    pixel = product.read(scene, "pixel_mask").astype(bool)
    patch = spread(product.read(scene, "patch_mask").astype(bool), (pixel.shape[0], pixel.shape[1]))
    return {"patch": patch, "pixel": pixel, "bilevel": patch & pixel}
