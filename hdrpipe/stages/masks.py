"""masks: what of the pseudo labels the student may learn from, and what that is worth on labelled scenes."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from hdrpipe import plugins
from hdrpipe.config import Config
from hdrpipe.errors import UsageError
from hdrpipe.files.atomic import write_json
from hdrpipe.files.hdf5 import write_product
from hdrpipe.files.products import SCHEMAS
from hdrpipe.imaging.tonemap import mu_law
from hdrpipe.masking.contract import Masks
from hdrpipe.stages.inputs import Shards
from hdrpipe.stages.job import Job


def masks(
    spec: Config,
    uncertainty: Sequence[Path],
    labelled: Path,
    truths: Sequence[Path],
    out: Path,
    statistics_out: Path,
    job: Job,
) -> None:
    """Write `masks-KK.h5` into `out` for every uncertainty shard KK, and the statistics as JSON.

    The scores are normalised over all shards first. The same masks on the labelled scenes give the kept risk: what a
    student is about to be taught is known before it is trained.

    Args:
        spec: `masks` of the config.
        uncertainty: the teacher's shards on unlabelled scenes.
        labelled: the teacher's product on labelled scenes.
        truths: truth products of the labelled scenes.
        out: folder of the mask products.
        statistics_out: JSON of the statistics, keep-rates and the kept risk.
        job: provenance and progress.

    Raises:
        UsageError: every scene is labelled.
    """
    strategy = plugins.load("masking", spec.masks.strategy)
    options = plugins.options("masking", spec.masks.strategy, spec.masks.options)
    level = spec.masks.level
    with ExitStack() as stack:
        shards = Shards(uncertainty, "uncertainty", stack)
        if not shards.scenes:
            hint = "with `all`, round-00/metrics.json is the fully supervised result"
            raise UsageError("no scene is unlabelled, so there is nothing to mask", "data.labelled", hint)
        sigmas = (shards.of(scene).read(scene, "sigma") for scene in shards.scenes)
        statistics = strategy.fit(sigmas, options)
        rates: list[dict[str, float]] = []
        for index, product in enumerate(shards.products):

            def rows(product=product):
                for scene in product.scenes:
                    made = strategy.apply(product.read(scene, "sigma"), statistics, options, level)
                    rates.append(_rates(made))
                    job.progress(len(rates), len(shards.scenes), scene)
                    yield scene, _fields(made), rates[-1]

            path = out / f"masks-{index:02d}.h5"
            attributes = {"strategy": spec.masks.strategy, "level": level, "round": product.attributes["round"]}
            written = write_product(path, SCHEMAS["masks"], rows(), attributes)
            job.record(path, shards.hashes, written)
        known = Shards([labelled], "uncertainty", stack), Shards(truths, "truth", stack)
        summary = {
            "level": level,
            "strategy": spec.masks.strategy,
            "statistics": statistics,
            "unlabelled": _means(rates),
            "labelled": _kept_risk(strategy, options, statistics, level, *known),
        }
        write_json(statistics_out, summary)
        job.record(statistics_out, shards.hashes)


def _rates(made: Masks) -> dict[str, float]:
    return {
        "keep_rate_patch": float(made.patch_mask.mean()),
        "keep_rate_pixel": float(made.pixel_mask.mean()),
        "keep_rate": float(made.weight.mean()),
    }


def _fields(made: Masks) -> dict[str, np.ndarray]:
    return {
        "patch_score": made.patch_score,
        "patch_mask": made.patch_mask.astype(np.uint8),
        "pixel_score": made.pixel_score,
        "pixel_mask": made.pixel_mask.astype(np.uint8),
        "weight": made.weight.astype(np.float16),
    }


def _means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: float(np.mean([row[key] for row in rows])) for key in (rows[0] if rows else ())}


def _kept_risk(
    strategy: ModuleType, options: Any, statistics: dict[str, float], level: str, predicted: Shards, truths: Shards
) -> dict[str, float]:
    """Keep-rate and mean squared error (mu-law domain) of all, kept and dropped pixels of the labelled scenes.

    The teacher has trained on these scenes, so the risk is optimistic; it compares rounds and masks, not models.
    """
    errors, weights = [], []
    for scene in predicted.scenes:
        product = predicted.of(scene)
        made = strategy.apply(product.read(scene, "sigma"), statistics, options, level)
        estimate = mu_law(product.read(scene, "pseudo_label").astype(np.float32))
        truth = mu_law(truths.of(scene).read(scene, "radiance"))
        errors.append(np.square(estimate - truth).mean(axis=0).ravel())
        weights.append(made.weight.ravel())
    return kept_and_dropped(np.concatenate(errors), np.concatenate(weights))


def kept_and_dropped(error: np.ndarray, weight: np.ndarray) -> dict[str, float]:
    """Mean squared error (mu-law) over all pixels, weighted by `weight` and by its complement; 0 where none is left."""
    error, weight = error.astype(np.float64), weight.astype(np.float64)
    dropped = 1.0 - weight
    return {
        "keep_rate": float(weight.mean()),
        "risk": float(error.mean()),
        "kept_risk": float((error * weight).sum() / max(weight.sum(), 1e-9)),
        "dropped_risk": float((error * dropped).sum() / max(dropped.sum(), 1e-9)),
    }
