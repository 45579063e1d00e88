"""Stage `teacher`: pseudo label and uncertainty map of every scene, as HDF5."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from hdrpipe.config.load import Config
from hdrpipe.config.sections import TeacherSpec
from hdrpipe.errors import UsageError
from hdrpipe.evaluation.measured_risk import measured_risk, split
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.product.shards import Shards
from hdrpipe.imaging.align import align
from hdrpipe.imaging.burst import Burst, unit_floats
from hdrpipe.imaging.denoise import deviation, non_local_means
from hdrpipe.imaging.merge import level_of, measured
from hdrpipe.imaging.noise_model import noise_or_none
from hdrpipe.imaging.tonemap import display
from hdrpipe.inference.tiles import predict
from hdrpipe.inference.tta import predict_averaged
from hdrpipe.learning.batches import SceneArrays
from hdrpipe.masking.strategy import measured_patches, patch_means
from hdrpipe.quantities import Picture, Plane
from hdrpipe.stages.inputs import scene_arrays
from hdrpipe.stages.job import Job
from hdrpipe.stages.partial import Partial
from hdrpipe.stages.training import load_network, state_key

Label = Callable[[SceneArrays], tuple[Picture, Plane]]
"""Radiance (3, H, W) and sigma (H, W) of a scene."""


def teacher(
    spec: Config,
    weights: Path | None,
    bursts: Sequence[Path],
    position: tuple[int, int],
    round_: int,
    out: Path,
    state: Path,
    job: Job,
) -> None:
    """Label one shard of the scenes in `bursts` and write an uncertainty product.

    Args:
        spec: `teacher` of the config.
        weights: the teacher (.safetensors) where it is an average of the run's students.
        bursts: scene products.
        position: index of this shard, from 0, and the number of shards; changes no array.
        round_: the round that the labels are for.
        out: the product.
        state: folder of the predictions of an interrupted job; this one goes on from them.
        job: provenance and progress.

    Raises:
        UsageError: an average is the teacher and its weights are not given.
    """
    shard, shards = position
    with ExitStack() as stack:
        scenes = Shards(bursts, "scenes", stack)
        names = scenes.scenes[shard::shards]
        label, source, inputs = _labelling(spec.teacher, weights, scenes)
        attributes = {"round": round_, "weights": source}
        saved = stack.enter_context(Partial(state, state_key(job, inputs), attributes))
        measure = spec.teacher.risk
        rows = saved.rows(names, lambda missing: predictions(label, scenes, missing, job, measure))
        written = write_product(out, SCHEMAS["uncertainty"], rows, attributes, job.origin(inputs))
        job.record(out, inputs, written)


def _labelling(spec: TeacherSpec, weights: Path | None, scenes: Shards) -> tuple[Label, str, dict[str, str]]:
    """The function that labels, its content hash or name, and the inputs of the job."""
    if spec.source == "average":
        if weights is None:
            raise UsageError("the teacher is a network, and its weights are not given", "--weights")
        network = load_network(weights)
        digest = network.content_hash
        return labelling(network.net, spec.average), digest, {weights.name: digest, **scenes.hashes}
    if not spec.weights:
        return partial(merged, scenes), spec.source, dict(scenes.hashes)
    network = load_network(Path(spec.weights).expanduser())
    infer, digest = labelling(network.net, spec.average), network.content_hash
    return partial(on_aligned, infer, scenes), digest, {"teacher": digest, **scenes.hashes}


def labelling(network: nn.Module, average: str = "none") -> Label:
    """Labels by a network; `average` is `none` or `tta`."""
    infer = predict if average == "none" else predict_averaged
    return lambda scene: infer(network, scene.frames[...], scene.times, scene.quality)


def on_aligned(label: Label, scenes: Shards, scene: SceneArrays) -> tuple[Picture, Plane]:
    """A label by what reads aligned frames, whatever the student reads."""
    return label(replace(scene, frames=aligned(scenes, scene).ldr))


def aligned(scenes: Shards, scene: SceneArrays) -> Burst:
    """The burst of a scene, aligned here (DIS) where prepare has not aligned it."""
    burst = Burst(unit_floats(scene.frames[...]), tuple(np.log2(scene.times)), scene.reference, quality=scene.quality)
    return burst if scenes.of(scene.name).has(scene.name, "aligned") else align(burst, "dis").burst


def merged(scenes: Shards, scene: SceneArrays) -> tuple[Picture, Plane]:
    """Label by the merge `denoised` of aligned frames.

    sigma is the standard deviation of the merge's noise before non-local means, in the mu-law domain, root mean square
    over channels. It knows nothing of ghosts.
    """
    burst = aligned(scenes, scene)
    merge, variance = measured(burst)
    level = level_of(burst)
    sigma = np.sqrt(np.square(deviation(merge, variance, level)).mean(0))
    return non_local_means(merge, variance, level), sigma


def predictions(
    label: Label, scenes: Shards, names: Sequence[str], job: Job, measure: bool = False
) -> Iterator[tuple[str, dict[str, np.ndarray], dict[str, Any]]]:
    """Fields of an uncertainty product, scene by scene; with `measure` the measured risk is among them."""
    chosen = set(names)
    arrays = [scene for scene in scene_arrays(scenes, None) if scene.name in chosen]
    for done, scene in enumerate(arrays, 1):
        radiance, sigma = label(scene)
        job.progress(done, len(arrays), scene.name)
        fields = {"pseudo_label": radiance.astype(np.float16), "sigma": sigma, "preview": display(radiance)}
        if measure:
            fields |= risk_fields(label, scenes, scene)
        yield scene.name, fields, {}


def risk_fields(label: Label, scenes: Shards, scene: SceneArrays) -> dict[str, Plane]:
    """Fields `patch_risk`, `patch_measured`, `patch_ratio` of a scene; nothing is measured where its noise cannot be.

    Nor where frames are compressed: their noise is correlated, so added noise does not split them in two.
    """
    product = scenes.of(scene.name)
    taken = unit_floats(product.field(scene.name, "ldr")[...])
    reference = taken[scene.reference]
    noise = None if product.scene_attributes(scene.name).get("quality") else noise_or_none([taken])
    if noise is None:
        nothing = np.zeros_like(patch_means(reference[0]))
        return {"patch_risk": nothing, "patch_measured": nothing, "patch_ratio": nothing}
    seen, target = split(reference, float(scene.times[scene.reference]), noise)
    frames = unit_floats(scene.frames[...])
    frames[scene.reference] = seen
    radiance, sigma = label(replace(scene, frames=frames))
    risk = measured_risk(radiance, target)
    patches = measured_patches(risk, target.measured)
    ratio, _, _ = measured_patches((risk / np.square(sigma)).astype(np.float32), target.measured)
    return {"patch_risk": patches.risk, "patch_measured": patches.fraction, "patch_ratio": ratio}
