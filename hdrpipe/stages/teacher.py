"""Stage `teacher`: pseudo label and uncertainty map of every scene, as HDF5."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from hdrpipe.config.load import Config
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.product.shards import Shards
from hdrpipe.imaging.tonemap import display
from hdrpipe.inference.tiles import predict
from hdrpipe.inference.tta import predict_averaged
from hdrpipe.stages.inputs import scene_arrays
from hdrpipe.stages.job import Job
from hdrpipe.stages.partial import Partial
from hdrpipe.stages.training import load_network, state_key


def teacher(
    spec: Config,
    weights: Path,
    bursts: Sequence[Path],
    position: tuple[int, int],
    round_: int,
    out: Path,
    state: Path,
    job: Job,
) -> None:
    """Predict one shard of the scenes in `bursts` and write an uncertainty product.

    Args:
        spec: `teacher` of the config.
        weights: the teacher (.safetensors).
        bursts: scene products.
        position: index of this shard, from 0, and the number of shards; changes no array.
        round_: the round that the labels are for.
        out: the product.
        state: folder of the predictions of an interrupted job; this one goes on from them.
        job: provenance and progress.
    """
    network, (shard, shards) = load_network(weights), position
    with ExitStack() as stack:
        scenes = Shards(bursts, "scenes", stack)
        names = scenes.scenes[shard::shards]
        attributes = {"round": round_, "weights": network.content_hash}
        inputs = {weights.name: network.content_hash, **scenes.hashes}
        partial = stack.enter_context(Partial(state, state_key(job, inputs), attributes))
        rows = partial.rows(names, lambda missing: predictions(network.net, scenes, missing, job, spec.teacher.average))
        written = write_product(out, SCHEMAS["uncertainty"], rows, attributes, job.origin(inputs))
        job.record(out, inputs, written)


def predictions(
    network: nn.Module, scenes: Shards, names: Sequence[str], job: Job, average: str = "none"
) -> Iterator[tuple[str, dict[str, np.ndarray], dict[str, Any]]]:
    """Fields of an uncertainty product, scene by scene; `average` is `none` or `tta`."""
    infer = predict if average == "none" else predict_averaged
    chosen = set(names)
    arrays = [scene for scene in scene_arrays(scenes, None) if scene.name in chosen]
    for done, scene in enumerate(arrays, 1):
        radiance, sigma = infer(network, scene.frames[...], scene.times)
        job.progress(done, len(arrays), scene.name)
        fields = {"pseudo_label": radiance.astype(np.float16), "sigma": sigma, "preview": display(radiance)}
        yield scene.name, fields, {}
