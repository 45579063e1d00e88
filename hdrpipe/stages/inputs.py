"""Arrays that training and inference read, from products."""

from collections.abc import Iterable, Sequence

import numpy as np

from hdrpipe.errors import InputError
from hdrpipe.files.product.schema import network_frames
from hdrpipe.files.product.shards import Shards
from hdrpipe.learning.batches import SceneArrays


def relative_times(ev: Sequence[float]) -> np.ndarray:
    """Relative exposure times (N,) of exposure values (N,): `2 ** (EV - min EV)`."""
    values = np.asarray(ev, np.float64)
    return 2.0 ** (values - values.min())


def scene_arrays(
    bursts: Shards,
    targets: Shards | None,
    field: str = "radiance",
    weights: Shards | None = None,
    held_out: Shards | None = None,
) -> list[SceneArrays]:
    """`SceneArrays` of every scene of `bursts`, in the order of their names.

    A matched copy of a scene names the scene whose target it has in its attribute `truth_of`.

    Args:
        bursts: scene products.
        targets: products that hold the radiance to learn, under `field`.
        weights: mask products.
        held_out: uncertainty products of networks that were trained without the targets of these scenes.
    """
    arrays = []
    for scene in bursts.scenes:
        product = bursts.of(scene)
        attributes = product.scene_attributes(scene)
        truth = attributes.get("truth_of", scene)
        arrays.append(
            SceneArrays(
                name=scene,
                frames=network_frames(product, scene),
                times=relative_times(attributes["ev"]),
                reference=int(attributes["reference"]),
                quality=int(attributes.get("quality", 0)),
                target=None if targets is None else targets.of(truth).field(truth, field),
                weight=None if weights is None else weights.of(scene).field(scene, "weight"),
                held_out=None if held_out is None else held_out.of(scene).field(scene, "pseudo_label"),
            )
        )
    return arrays


def exposures_of(scenes: Iterable[SceneArrays]) -> int:
    """Number of exposures, which is the same for all scenes.

    Raises:
        InputError: the numbers differ, or there is no scene.
    """
    counts = {scene.frames.shape[0] for scene in scenes}
    if len(counts) != 1:
        raise InputError(f"all scenes of a run need the same number of exposures; these have {sorted(counts)}")
    return counts.pop()
