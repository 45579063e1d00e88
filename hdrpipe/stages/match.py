"""Stage `match`: copies of the labelled bursts with the noise of the unlabelled ones, added before alignment.

A network trained on a camera with little noise fails on a noisy one. The noise of the unlabelled bursts can be measured
without their truth, so the labelled bursts get as much noise; their truth is unchanged.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

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
from hdrpipe.imaging.noise_model import NoiseModel, burst_noise, measured_noise, with_noise
from hdrpipe.quantities import Frames
from hdrpipe.randomness import generator
from hdrpipe.stages.job import Job

U16 = 65535
"""Scale of the stored frames."""


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
        targets = _measured(pool) if spec.match.strategy == "noise" else []
        inputs = {**labels.hashes, **pool.hashes}
        drawn: dict[str, NoiseModel] = {}
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


def _measured(pool: Shards) -> list[NoiseModel]:
    """Noise model of every unlabelled burst; where one burst is too dark, bright or small, that of all together."""
    if not pool.scenes:
        hint = "leave some scenes unlabelled, or set `match.strategy: none`"
        raise UsageError("there is no unlabelled burst to measure the noise of", "match.strategy", hint)
    together = measured_noise(_frames(pool, scene) for scene in pool.scenes)
    return [burst_noise(_frames(pool, scene)) or together for scene in pool.scenes]


def _copies(
    product: Product, spec: Config, source: NoiseModel, targets: Sequence[NoiseModel], drawn: dict[str, NoiseModel]
) -> Iterator[tuple[str, dict[str, np.ndarray], dict[str, Any]]]:
    """Rows of a product: every copy of every scene, aligned again; adds the noise model of each copy to `drawn`."""
    for scene in product.scenes:
        attributes = product.scene_attributes(scene)
        ldr = np.asarray(product.field(scene, "ldr")[...], np.float32) / np.float32(U16)
        for copy in range(spec.match.copies):
            name = f"{scene}~{copy:02d}"
            rng = generator(spec.data.seed, spec.data.draw, "match", scene, copy)
            drawn[name] = _drawn(spec.match, source, targets, rng)
            burst = Burst(with_noise(ldr, source, drawn[name], rng), tuple(attributes["ev"]), attributes["reference"])
            fields = {"ldr": _u16(burst.ldr), "preview": product.read(scene, "preview")}
            report: Any = []
            if spec.data.align != "none":
                alignment = align(burst, spec.data.align)
                fields["aligned"], report = _u16(alignment.burst.ldr), alignment.report
            yield name, fields, {**attributes, "alignment": json.dumps(list(report)), "truth_of": scene}


def _drawn(spec: MatchSpec, source: NoiseModel, targets: Sequence[NoiseModel], rng: np.random.Generator) -> NoiseModel:
    """Noise model of one copy: that of a random unlabelled burst, or a draw from the range of the strategy `blind`."""
    if spec.strategy == "noise":
        return targets[int(rng.integers(len(targets)))]
    shot = float(np.exp(rng.uniform(*np.log(spec.shot))))
    return NoiseModel(shot, shot * READ_OF_SHOT)


READ_OF_SHOT = 0.01
"""Read variance over shot variance of `blind` draws, as of a camera with a full well of a few thousand electrons."""


def _u16(ldr: Frames) -> np.ndarray:
    return np.rint(ldr * U16).astype(np.uint16)


def _plain(models: dict[str, Any]) -> dict[str, Any]:
    """Noise models as mappings that JSON can store."""
    if isinstance(models, NoiseModel):
        return models._asdict()
    if isinstance(models, dict):
        return {key: _plain(value) for key, value in models.items()}
    return [_plain(value) for value in models]
