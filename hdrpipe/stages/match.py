"""Stage `match`: copies of the labelled bursts with the noise of the unlabelled ones, added before alignment.

A network trained on a camera with little noise fails on a noisy one. The noise of the unlabelled bursts can be measured
without their truth, so the labelled bursts get as much noise; their truth is unchanged.

JPEG removes most of the noise that it could show, so that of a camera that writes JPEGs is found by trial: the labelled
bursts get more and more noise and go through the same compression, until they show as much as the camera's files.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hdrpipe.config.load import Config
from hdrpipe.config.sections import MatchSpec
from hdrpipe.errors import UsageError
from hdrpipe.files.atomic import write_json
from hdrpipe.files.product.hdf5 import Product, write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.product.shards import Shards
from hdrpipe.imaging.align import align
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.compression import compressed
from hdrpipe.imaging.noise import READ_NOISE, SHOT_NOISE
from hdrpipe.imaging.noise_behind_jpeg import before_compression, visible_noise
from hdrpipe.imaging.noise_model import NoiseModel, measured_noise, noise_or_none, with_noise
from hdrpipe.quantities import Frames
from hdrpipe.randomness import generator
from hdrpipe.stages.job import Job

U16 = 65535
"""Scale of the stored frames."""

TRIED = 6
"""Most labelled bursts on which noise is tried."""


def match(spec: Config, labelled: Sequence[Path], unlabelled: Sequence[Path], out: Path, job: Job) -> None:
    """Write `matched-KK.h5`, noisy copies of the scenes of labelled shard KK, into `out`, and `noise.json`.

    Args:
        spec: `match`, `data.align`, `data.seed`, `data.draw` of the config.
        labelled: scene products of the labelled scenes.
        unlabelled: scene products of the unlabelled scenes; only the strategy `noise` reads them.
        out: folder of the products.
        job: provenance and progress.

    Raises:
        UsageError: there is no unlabelled burst to measure.
        InputError: the noise of a pool cannot be measured.
    """
    with ExitStack() as stack:
        labels = Shards(labelled, "scenes", stack)
        pool = Shards(unlabelled, "scenes", stack)
        source = measured_noise(_frames(labels, scene) for scene in labels.scenes)
        targets = _measured(pool, labels, source) if spec.match.strategy == "noise" else []
        inputs = {**labels.hashes, **pool.hashes}
        drawn: dict[str, Target] = {}
        for number, product in enumerate(labels.products):
            rows = _copies(product, spec, source, targets, drawn)
            path = out / f"matched-{number:02d}.h5"
            job.record(
                path, inputs, write_product(path, SCHEMAS["scenes"], rows, product.attributes, job.origin(inputs))
            )
            job.progress(number + 1, len(labels.products), f"{len(drawn)} copies")
        models = {"source": source, "targets": targets, "copies": drawn}
        write_json(out / "noise.json", {"strategy": spec.match.strategy, **_plain(models)})
        job.record(out / "noise.json", inputs)


def _frames(shards: Shards, scene: str) -> Frames:
    """Display-coded frames of a scene as captured, (N, 3, H, W) in [0, 1]."""
    return np.asarray(shards.of(scene).field(scene, "ldr")[...], np.float32) / np.float32(U16)


class Target(NamedTuple):
    """Noise of a burst before it was compressed, if it was, and its JPEG quality, 1 to 100; 0 where it was not."""

    shot: float
    read: float
    quality: int

    @property
    def noise(self) -> NoiseModel:
        """Variance of the noise."""
        return NoiseModel(self.shot, self.read)


def _measured(pool: Shards, labels: Shards, source: NoiseModel) -> list[Target]:
    """Noise of every unlabelled burst; where one burst is too dark, bright or small, that of all together.

    The noise that compression hides is tried on the labelled bursts, whose noise model is `source`. Where these were
    compressed themselves it cannot be: all bursts then count by the noise that they show, and nothing is compressed.
    """
    if not pool.scenes:
        hint = "leave some scenes unlabelled, or set `match.strategy: none`"
        raise UsageError("there is no unlabelled burst to measure the noise of", "match.strategy", hint)
    together = measured_noise(_frames(pool, scene) for scene in pool.scenes)
    visible = {scene: noise_or_none([_frames(pool, scene)]) or together for scene in pool.scenes}
    if any(_quality(labels, scene) for scene in labels.scenes):
        return [Target(*model, 0) for model in visible.values()]
    qualities = {scene: _quality(pool, scene) for scene in pool.scenes}
    trial = [_frames(labels, scene) for scene in labels.scenes[:TRIED]]
    curves = {quality: visible_noise(trial, source, quality) for quality in {*qualities.values()} - {0}}
    return [
        Target(*before_compression(visible[scene], curves[quality]), quality) if quality else Target(*visible[scene], 0)
        for scene, quality in qualities.items()
    ]


def _quality(shards: Shards, scene: str) -> int:
    """JPEG quality of a scene's frames, 1 to 100; 0 where they were never compressed."""
    return int(shards.of(scene).scene_attributes(scene).get("quality", 0))


def _copies(
    product: Product, spec: Config, source: NoiseModel, targets: Sequence[Target], drawn: dict[str, Target]
) -> Iterator[tuple[str, dict[str, np.ndarray], dict[str, Any]]]:
    """Rows of a product: every copy of every scene, aligned again; adds the noise model of each copy to `drawn`."""
    for scene in product.scenes:
        attributes = product.scene_attributes(scene)
        ldr = np.asarray(product.field(scene, "ldr")[...], np.float32) / np.float32(U16)
        for copy in range(spec.match.copies):
            name = f"{scene}~{copy:02d}"
            rng = generator(spec.data.seed, spec.data.draw, "match", scene, copy)
            drawn[name] = _drawn(spec.match, targets, rng)
            taken = with_noise(ldr, source, drawn[name].noise, rng)
            if drawn[name].quality:
                taken = compressed(taken, drawn[name].quality)
            burst = Burst(taken, tuple(attributes["ev"]), attributes["reference"])
            fields = {"ldr": _u16(burst.ldr), "preview": product.read(scene, "preview")}
            report: Any = []
            if spec.data.align != "none":
                alignment = align(burst, spec.data.align)
                fields["aligned"], report = _u16(alignment.burst.ldr), alignment.report
            more = {"alignment": json.dumps(list(report)), "truth_of": scene}
            more |= {"quality": drawn[name].quality} if drawn[name].quality else {}
            yield name, fields, {**attributes, **more}


def _drawn(spec: MatchSpec, targets: Sequence[Target], rng: np.random.Generator) -> Target:
    """Noise of one copy: that of a random unlabelled burst, or a draw from the ranges of the strategy `blind`."""
    if spec.strategy == "noise":
        return targets[int(rng.integers(len(targets)))]
    shot = float(np.exp(rng.uniform(*np.log(spec.shot))))
    quality = 0 if spec.quality is None else int(rng.integers(spec.quality[0], spec.quality[1] + 1))
    return Target(shot, shot * READ_NOISE / SHOT_NOISE, quality)


def _u16(ldr: Frames) -> np.ndarray:
    return np.rint(ldr * U16).astype(np.uint16)


def _plain(models: dict[str, Any]) -> dict[str, Any]:
    """Noise models as mappings that JSON can store."""
    if isinstance(models, NoiseModel | Target):
        return models._asdict()
    if isinstance(models, dict):
        return {key: _plain(value) for key, value in models.items()}
    return [_plain(value) for value in models]
