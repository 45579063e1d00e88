"""Stage `masks`: both mask levels of the pseudo labels, and the selective risk of the same masks on labelled scenes."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from hdrpipe.config import plugins
from hdrpipe.config.load import Config
from hdrpipe.config.sections import MasksSpec
from hdrpipe.errors import InputError, UsageError
from hdrpipe.evaluation.uncertainty import error_map, kept_and_dropped
from hdrpipe.files.atomic import write_json
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.product.shards import Shards
from hdrpipe.masking.strategy import Evidence, Masks, RoundMaps, SceneMaps, patch_means, patches_of
from hdrpipe.quantities import Picture
from hdrpipe.stages.job import Job

U16 = 65535
"""Scale of the stored frames."""


@dataclass(frozen=True)
class MaskInputs:
    """Products that masks are made from.

    Attributes:
        uncertainty: shards of the teacher's predictions of the unlabelled scenes.
        labelled: its predictions of the labelled scenes.
        truths: truth of the labelled scenes.
        kept_truths: truth of the unlabelled scenes; empty unless the strategy has `needs_truth`.
        scenes: scene products of all of them; empty unless the strategy has `needs_frames`.
        held_out: predictions of the labelled scenes by teachers trained without their truth. Where they are given, they
            stand in for `labelled`: limits are fitted and the selective risk is measured on them.
    """

    uncertainty: Sequence[Path]
    labelled: Path
    truths: Sequence[Path]
    kept_truths: Sequence[Path] = ()
    scenes: Sequence[Path] = ()
    held_out: Sequence[Path] = ()


@dataclass(frozen=True)
class _Maps:
    """Maps of all scenes of some shards, read again on each pass."""

    predicted: Shards
    truths: Shards | None
    frames: Shards | None = None

    def of(self, scene: str) -> SceneMaps:
        product = self.predicted.of(scene)
        sigma = product.read(scene, "sigma")
        patches = patches_of(product, scene)
        if self.truths is None and self.frames is None:
            return SceneMaps(scene, sigma, measured=patches)
        estimate = product.read(scene, "pseudo_label").astype(np.float32)
        error = None if self.truths is None else error_map(estimate, self.truths.of(scene).read(scene, "radiance"))
        evidence = None if self.frames is None else _evidence(estimate, self.frames, scene)
        return SceneMaps(scene, sigma, error, evidence, patches)

    def __iter__(self) -> Iterator[SceneMaps]:
        return (self.of(scene) for scene in self.predicted.scenes)


def masks(spec: Config, files: MaskInputs, out: Path, statistics_out: Path, job: Job) -> None:
    """Write `masks-KK.h5` into `out` for every uncertainty shard KK, and the statistics as JSON.

    The strategy's statistics are taken over all shards first. The same masks on the labelled scenes give the selective
    risk: the error of the pixels that the student will learn from, estimated before it is trained.

    Args:
        spec: `masks` of the config.
        files: products of the round, and truths.
        out: folder of the mask products.
        statistics_out: JSON of the statistics, the coverage and the selective risk.
        job: provenance and progress.

    Raises:
        UsageError: every scene is labelled, or the strategy cannot work with these scenes.
    """
    with ExitStack() as stack:
        shards = Shards(files.uncertainty, "uncertainty", stack)
        if not shards.scenes:
            hint = "label fewer scenes, or set `student.unlabelled_batch: 0` to learn from labels alone"
            raise UsageError("all scenes are labelled, so there is no pseudo label to mask", "data.labelled", hint)
        kept = Shards(files.kept_truths, "truth", stack) if files.kept_truths else None
        frames = Shards(files.scenes, "scenes", stack) if files.scenes else None
        unlabelled = _Maps(shards, kept, frames)
        labelled = _Maps(Shards([files.labelled], "uncertainty", stack), Shards(files.truths, "truth", stack), frames)
        judged = _held_out(files, labelled, stack)
        masker = _Masker.fitted(
            spec.masks, RoundMaps(unlabelled, judged, cast(int, shards.products[0].attributes["round"]))
        )
        inputs = {**shards.hashes, **labelled.predicted.hashes, **judged.predicted.hashes}
        for extra in (kept, frames):
            inputs.update(extra.hashes if extra else {})
        kept_sums: list[_Kept] = []
        for index in range(len(shards.products)):
            _write_shard(out / f"masks-{index:02d}.h5", index, unlabelled, masker, kept_sums, inputs, job)
        summary = {
            "level": spec.masks.level,
            "strategy": spec.masks.strategy,
            "statistics": masker.statistics,
            "unlabelled": _means([sums.rates for sums in kept_sums]),
            "labelled": _kept_risk(masker, judged),
        }
        measured = _measured_risk([sums.measured for sums in kept_sums])
        summary |= {"measured": measured} if measured else {}
        if judged is not labelled:  # the same masks on the predictions of the teacher that has learned the truth
            summary["crossfit"] = {"folds": spec.crossfit.folds, "trained_on": _kept_risk(masker, labelled)}
        write_json(statistics_out, summary)
        job.record(statistics_out, inputs)


def _evidence(estimate: Picture, frames: Shards, scene: str) -> Evidence:
    """A pseudo label beside the reference frame, which alignment does not change."""
    product = frames.of(scene)
    attributes = product.scene_attributes(scene)
    ev, reference = np.asarray(attributes["ev"], np.float64), int(attributes["reference"])
    ldr = np.asarray(product.field(scene, "ldr")[reference], np.float32) / np.float32(U16)
    return Evidence(estimate, ldr, float(2.0 ** (ev[reference] - ev.min())))


def _held_out(files: MaskInputs, labelled: _Maps, stack: ExitStack) -> _Maps:
    """Predictions of the labelled scenes by teachers trained without their truth; `labelled` where there are none."""
    if not files.held_out:
        return labelled
    held = Shards(files.held_out, "uncertainty", stack)
    missing = sorted(set(labelled.predicted.scenes) ^ set(held.scenes))
    if missing:
        raise InputError(
            f"{', '.join(missing)}: in no fold, or in several",
            files.held_out[0],
            "delete the products of all folds and run again",
        )
    return replace(labelled, predicted=held)


class _Kept(NamedTuple):
    """Keep rates of one scene, and its `_measured_sums`."""

    rates: dict[str, float]
    measured: NDArray[np.float64]


@dataclass(frozen=True)
class _Masker:
    """A strategy with its options and statistics; called with a scene, it gives the masks."""

    spec: MasksSpec
    strategy: ModuleType
    statistics: dict[str, float]

    @classmethod
    def fitted(cls, spec: MasksSpec, maps: RoundMaps) -> "_Masker":
        strategy = plugins.load("masking", spec.strategy)
        return cls(spec, strategy, strategy.fit(maps, spec.options))

    def __call__(self, scene: SceneMaps) -> Masks:
        return self.strategy.apply(scene, self.statistics, self.spec.options, self.spec.level)


def _write_shard(
    path: Path,
    index: int,
    maps: _Maps,
    masker: _Masker,
    kept: list[_Kept],
    inputs: dict[str, str],
    job: Job,
) -> None:
    product, total = maps.predicted.products[index], len(maps.predicted.scenes)

    def rows() -> Iterator[tuple[str, dict[str, np.ndarray], dict[str, float]]]:
        for scene in product.scenes:
            read = maps.of(scene)
            made = masker(read)
            kept.append(_Kept(_rates(made), _measured_sums(read, made)))
            job.progress(len(kept), total, scene)
            yield scene, _fields(made), kept[-1].rates

    spec = masker.spec
    attributes = {"strategy": spec.strategy, "level": spec.level, "round": product.attributes["round"]}
    job.record(path, inputs, write_product(path, SCHEMAS["masks"], rows(), attributes, job.origin(inputs)))


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


def _kept_risk(masker: _Masker, scenes: _Maps) -> dict[str, float]:
    """Coverage, and mean squared error (mu-law domain) of all, kept and dropped pixels of the labelled scenes.

    Where the teacher was trained on these scenes the risk is too low: it then compares rounds and masks, not models.
    """
    return kept_and_dropped((np.square(np.asarray(scene.error)), masker(scene).weight) for scene in scenes)


def _measured_sums(scene: SceneMaps, made: Masks) -> NDArray[np.float64]:
    """Sums over the patches of a scene: measured risk and its weight, for all of it and for what the masks keep.

    A patch weighs by the part of it that is measured, and for the latter by the part that is kept as well.
    """
    if scene.measured is None:
        return np.zeros(4)
    risk, fraction = (plane.astype(np.float64) for plane in scene.measured[:2])
    kept = fraction * patch_means(made.weight)
    return np.array([(fraction * risk).sum(), fraction.sum(), (kept * risk).sum(), kept.sum()])


def _measured_risk(sums: Sequence[NDArray[np.float64]]) -> dict[str, float]:
    """Measured squared error (mu-law domain) of all and of the kept parts of the scenes; empty if none is measured."""
    risk, weight, kept_risk, kept_weight = np.sum(sums, axis=0)
    if weight <= 0:
        return {}
    return {
        "risk": float(risk / weight),
        "kept_risk": float(kept_risk / max(kept_weight, 1e-9)),
        "keep_rate": float(kept_weight / weight),
    }
