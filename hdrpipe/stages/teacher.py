"""teacher: the pseudo label and the uncertainty map of every scene, into HDF5."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from hdrpipe.files.hdf5 import write_product
from hdrpipe.files.products import SCHEMAS
from hdrpipe.imaging.tonemap import display
from hdrpipe.learning.tiles import predict
from hdrpipe.stages.inputs import Shards, scene_arrays
from hdrpipe.stages.job import Job
from hdrpipe.stages.training import load_network


def teacher(weights: Path, bursts: Sequence[Path], shard: int, shards: int, round_: int, out: Path, job: Job) -> None:
    """Predict shard `shard` of `shards` of the scenes in `bursts` and write an uncertainty product.

    Args:
        weights: the teacher (.safetensors).
        bursts: scene products.
        shard: index of this job, from 0.
        shards: number of jobs that share the scenes; changes no array.
        round_: the round that the labels are for.
        out: the product.
        job: provenance and progress.
    """
    network = load_network(weights)
    with ExitStack() as stack:
        scenes = Shards(bursts, "scenes", stack)
        rows = predictions(network.net, scenes, scenes.scenes[shard::shards], job)
        attributes = {"round": round_, "weights": network.content_hash}
        written = write_product(out, SCHEMAS["uncertainty"], rows, attributes)
        job.record(out, {weights.name: network.content_hash, **scenes.hashes}, written)


def predictions(
    network: nn.Module, scenes: Shards, names: Sequence[str], job: Job
) -> Iterator[tuple[str, dict[str, np.ndarray], dict[str, Any]]]:
    """Fields of an uncertainty product, scene by scene."""
    wanted = set(names)
    arrays = [scene for scene in scene_arrays(scenes, None) if scene.name in wanted]
    for done, scene in enumerate(arrays, 1):
        radiance, sigma = predict(network, scene.frames[...], scene.times)
        job.progress(done, len(arrays), scene.name)
        fields = {"pseudo_label": radiance.astype(np.float16), "sigma": sigma, "preview": display(radiance)}
        yield scene.name, fields, {}
