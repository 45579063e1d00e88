"""Stage `evaluate`: scores of a round on the test scenes; quality of its pseudo labels, sigma and masks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hdrpipe.evaluation.metrics import scores
from hdrpipe.evaluation.sigma_quality import detection, likelihood
from hdrpipe.evaluation.uncertainty import Thinned, error_map, kept_and_dropped, quality
from hdrpipe.files.atomic import write_json
from hdrpipe.files.product.hdf5 import Product, open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.product.shards import Shards
from hdrpipe.files.rows import write_rows
from hdrpipe.masking.strategy import patches_of, temperature
from hdrpipe.quantities import Plane
from hdrpipe.stages.job import Job
from hdrpipe.stages.label_quality import MASK_LEVELS, PIXELS, judged, mask_levels
from hdrpipe.stages.score_table import FIRST_COLUMNS, scene_columns
from hdrpipe.stages.teacher import labelling, predictions
from hdrpipe.stages.training import Network, load_network

POOLED_PIXELS = 2_000_000
"""Most pixels that enter the pooled measures of uncertainty; beyond it scenes are thinned by a fixed stride."""


@dataclass(frozen=True)
class LabelsOfRound:
    """Products that the student of a round learned from, and the truth of the same scenes, which training never reads.

    Empty for the warm-up.
    """

    uncertainty: Sequence[Path] = field(default_factory=tuple)
    masks: Sequence[Path] = field(default_factory=tuple)
    truths: Sequence[Path] = field(default_factory=tuple)


def evaluate(
    weights: Mapping[str, Path],
    bursts: Sequence[Path],
    truths: Sequence[Path],
    labels: LabelsOfRound,
    round_: int,
    out: Path,
    job: Job,
) -> None:
    """Write `metrics.csv` (one row for each scene and model), `metrics.json` (means, sigma, labels) and `test.h5`.

    `test.h5` holds the student's prediction, sigma and measured risk of each test scene. Scenes without truth are
    predicted and measured but not scored; where no scene has truth, `metrics.json` has no means.

    Args:
        weights: role, `student` or `teacher` -> its weights file.
        bursts: scene products of the test split.
        truths: their truth products.
        labels: pseudo labels and masks of the round.
        round_: number of the round.
        out: folder of the outputs.
        job: provenance and progress.
    """
    with ExitStack() as stack:
        scenes, targets = Shards(bursts, "scenes", stack), Shards(truths, "truth", stack)
        inputs = {**scenes.hashes, **targets.hashes}
        rows: list[dict[str, Any]] = []
        for role in ("teacher", "student"):
            network = load_network(weights[role])
            inputs[role] = network.content_hash
            predicted = out / "test.h5" if role == "student" else None
            rows += _model_rows(role, network, scenes, targets, round_, predicted, inputs, job)
        write_rows(out / "metrics.csv", rows, FIRST_COLUMNS)
        summary: dict[str, Any] = {"round": round_, "test": _means(rows)}
        with open_product(out / "test.h5", "uncertainty") as product:
            summary |= _without_truth(product)
            if rows:
                error, sigma = _pooled(product, targets)
                summary["sigma_test"] = quality(error, sigma)
                summary["sigma_judged"] = judged(load_network(weights["student"]).net, product, scenes, targets)
                if "measured_test" in summary:
                    summary["sigma_calibrated"] = likelihood(error, summary["measured_test"]["temperature"] * sigma)
        if labels.uncertainty:
            summary |= _label_quality(labels, stack)
        write_json(out / "metrics.json", summary)
        for name in ("metrics.csv", "metrics.json"):
            job.record(out / name, inputs)


def _model_rows(
    role: str, network: Network, scenes: Shards, targets: Shards, round_, out: Path | None, inputs, job
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []

    def scored():
        rows_of_product = predictions(labelling(network.net), scenes, scenes.scenes, job, measure=out is not None)
        for scene, fields, attributes in rows_of_product:
            if scene in targets:
                truth = targets.of(scene).read(scene, "radiance")
                estimate = fields["pseudo_label"].astype(np.float32)
                rows.append({**scene_columns(scenes, scene), "method": role, **scores(estimate, truth)})
            yield scene, fields, attributes

    if out is None:
        for _ in scored():
            pass
    else:
        attributes = {"round": round_, "weights": network.content_hash}
        job.record(out, inputs, write_product(out, SCHEMAS["uncertainty"], scored(), attributes, job.origin(inputs)))
    return rows


def _means(rows: list[dict[str, Any]]) -> dict[str, dict[str, dict[str, float]]]:
    """method -> difficulty or "all" -> measure -> mean over scenes (of dB, for PSNR)."""
    if not rows:
        return {}
    numbered = pd.DataFrame(rows).drop(columns=["scene", "group"])
    groups = [*numbered.groupby(["method", "difficulty"]), *(((m, "all"), g) for m, g in numbered.groupby("method"))]
    means: dict[str, dict[str, dict[str, float]]] = {}
    for (method, difficulty), group in groups:
        numbers = group.drop(columns=["method", "difficulty"]).mean()
        means.setdefault(str(method), {})[str(difficulty)] = {str(k): float(v) for k, v in numbers.items()}
    return means


def _error_and_sigma(product: Product, targets: Shards, scene: str) -> tuple[Plane, Plane]:
    """Maps of one scene of an uncertainty product, mu-law domain."""
    estimate = product.read(scene, "pseudo_label").astype(np.float32)
    return error_map(estimate, targets.of(scene).read(scene, "radiance")), product.read(scene, "sigma")


def with_truth(scenes: Sequence[str], targets: Shards) -> list[str]:
    """The scenes that have truth."""
    return [scene for scene in scenes if scene in targets]


def _without_truth(product: Product) -> dict[str, dict[str, float]]:
    """`measured_test`: measured risk of the student and the temperature that it gives sigma; empty if nothing is."""
    measured = [each for scene in product.scenes if (each := patches_of(product, scene)) is not None]
    factor = temperature(measured)
    if factor is None:
        return {}
    risk = np.concatenate([each.risk.ravel() for each in measured]).astype(np.float64)
    fraction = np.concatenate([each.fraction.ravel() for each in measured])
    return {
        "measured_test": {
            "risk": float((risk * fraction).sum() / fraction.sum()),
            "fraction": float(fraction.mean()),
            "temperature": factor,
        }
    }


def _pooled(product: Product, targets: Shards) -> tuple[NDArray, NDArray]:
    """Errors and sigma over the pixels of all scenes with truth together, thinned to `POOLED_PIXELS`."""
    scenes = with_truth(product.scenes, targets)
    pooled = Thinned(sum(math.prod(product.field(scene, "sigma").shape) for scene in scenes), POOLED_PIXELS)
    for scene in scenes:
        error, sigma = _error_and_sigma(product, targets, scene)
        pooled.add(error=error, sigma=sigma)
    return pooled["error"], pooled["sigma"]


def _label_quality(labels: LabelsOfRound, stack: ExitStack) -> dict[str, Any]:
    predicted = Shards(labels.uncertainty, "uncertainty", stack)
    targets, masks = Shards(labels.truths, "truth", stack), Shards(labels.masks, "masks", stack)
    scenes = with_truth(predicted.scenes, targets)
    if not scenes:
        return {}
    pixels = sum(math.prod(predicted.of(scene).field(scene, "sigma").shape) for scene in scenes)
    pooled, judged_by_masks = Thinned(pixels, POOLED_PIXELS), Thinned(pixels, PIXELS)

    def errors_and_weights() -> Iterator[tuple[NDArray, NDArray]]:
        for scene in scenes:
            error, sigma = _error_and_sigma(predicted.of(scene), targets, scene)
            pooled.add(error=error, sigma=sigma)
            judged_by_masks.add(error=error, **mask_levels(masks.of(scene), scene))
            yield np.square(error), masks.of(scene).read(scene, "weight")

    risk = kept_and_dropped(errors_and_weights())
    detected = {level: detection(judged_by_masks["error"], judged_by_masks[level]) for level in MASK_LEVELS}
    return {"sigma_unlabelled": quality(pooled["error"], pooled["sigma"]), "labels": risk, "masks": detected}
