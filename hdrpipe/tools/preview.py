"""Command `preview`: coverage and error of a round under other thresholds and strategies, without training."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from hdrpipe.config import plugins
from hdrpipe.config.aliases import renamed
from hdrpipe.config.folds import products
from hdrpipe.config.sections import MasksSpec
from hdrpipe.errors import InputError, UsageError
from hdrpipe.evaluation.uncertainty import error_map, kept_and_dropped
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.files.product.shards import Shards
from hdrpipe.masking.strategy import RoundMaps, SceneMaps, patches_of

SCENES = 16
"""Most unlabelled scenes that a preview reads, evenly spaced by name, so that it takes seconds."""

LEVELS = ("patch", "pixel")

UNREAD = {"needs_truth": "the truth", "needs_frames": "the frames"}
"""Flags of strategies (see `masking.strategy`) for data that a preview does not read."""


@dataclass(frozen=True)
class Row:
    """One setting: thresholds of both levels (or ""), coverage of the unlabelled scenes, errors on the labelled ones.

    `kept_rmse` and `dropped_rmse` are measured after the mu-law; `psnr` is that of the kept pixels in dB, None where
    none is kept; `used` marks the setting of the run.
    """

    strategy: str
    patch: float | str
    pixel: float | str
    keep_patch: float
    keep_pixel: float
    keep_rate: float
    kept_rmse: float
    dropped_rmse: float
    psnr: float | None
    used: bool


@dataclass(frozen=True)
class Preview:
    """Rows of all settings, reasons why strategies are left out, a note of the scenes read, and their maps."""

    rows: Sequence[Row]
    left_out: Sequence[str]
    read: str
    maps: RoundMaps


def preview(round_folder: Path, strategies: Sequence[str], values: Sequence[float], level: str | None) -> Preview:
    """Try every pair of thresholds for every strategy on the maps of a round.

    Args:
        round_folder: folder of a round.
        strategies: plug-ins to try; all if empty.
        values: thresholds for both levels, in addition to those of the run.
        level: mask level to apply; None takes that of the run.

    Raises:
        InputError: the round has no uncertainty maps yet. UsageError: there is no such strategy.
    """
    used = settings_in_use(round_folder)
    rows: list[Row] = []
    left_out: list[str] = []
    with ExitStack() as stack:
        maps, read = round_maps(round_folder, stack)
        for name in strategies or plugins.choices("masking"):
            strategy = plugins.load("masking", name)
            needs = [what for flag, what in UNREAD.items() if getattr(strategy.Options, flag)]
            if needs:
                left_out.append(f"{name}: needs {needs[0]} of unlabelled scenes, which a preview does not read")
                continue
            try:
                for options in grid(name, used, values):
                    rows.append(_row(name, strategy, options, maps, level or used.level, used))
            except UsageError as error:
                left_out.append(f"{name}: {error.what}")
    return Preview(rows, left_out, read, maps)


def settings_in_use(round_folder: Path) -> MasksSpec:
    """Mask settings of the round; the defaults where it has no masks yet."""
    return MasksSpec.model_validate(renamed(sidecar(round_folder / "masks.json").get("spec", {})).get("masks", {}))


def labelled_products(round_folder: Path) -> list[Path]:
    """Products of the labelled scenes on which the round's masks were measured: held out where it is cross-fitted."""
    folds = sidecar(round_folder / "masks.json").get("spec", {}).get("crossfit", {}).get("folds", 0)
    return [round_folder / name for name in products(folds)] or [round_folder / "labelled.h5"]


def round_maps(round_folder: Path, stack: ExitStack) -> tuple[RoundMaps, str]:
    """Sigma of unlabelled scenes, sigma and error of labelled ones, in memory; and a note of the scenes read."""
    paths = sorted(round_folder.glob("uncertainty-*.h5"))
    if not paths:
        raise InputError(
            "this round has no uncertainty maps yet", round_folder, "run it up to the teacher of this round"
        )
    shards = Shards(paths, "uncertainty", stack)
    labelled_scenes = Shards(labelled_products(round_folder), "uncertainty", stack)
    truths = Shards(sorted((round_folder.parent / "scenes").glob("labelled-truth-*.h5")), "truth", stack)
    names = [shards.scenes[k] for k in np.unique(np.linspace(0, len(shards.scenes) - 1, SCENES).round().astype(int))]
    unlabelled = [
        SceneMaps(name, shards.of(name).read(name, "sigma"), measured=patches_of(shards.of(name), name))
        for name in names
    ]
    labelled = []
    for name in labelled_scenes.scenes:
        product = labelled_scenes.of(name)
        estimate = product.read(name, "pseudo_label").astype(np.float32)
        error = error_map(estimate, truths.of(name).read(name, "radiance"))
        labelled.append(SceneMaps(name, product.read(name, "sigma"), error, measured=patches_of(product, name)))
    read = f"{len(names)} of {len(shards.scenes)} unlabelled scenes, {len(labelled)} labelled ones"
    return RoundMaps(unlabelled, labelled, cast(int, shards.products[0].attributes["round"])), read


def grid(name: str, used: MasksSpec, values: Sequence[float]) -> Iterator[Any]:
    """Options of a strategy with all pairs of `values` for the options that end in `_patch` and `_pixel`.

    The other options are those of the run, or the defaults where the run uses another strategy.
    """
    base = used.options if name == used.strategy else plugins.options("masking", name, {})
    keys = thresholds(base)
    choices = [sorted({*values, *([getattr(base, key)] if getattr(base, key) is not None else [])}) for key in keys]
    for patch in choices[0] if keys else [None]:
        for pixel in choices[1] if keys else [None]:
            changed = dict(zip(keys, (patch, pixel), strict=False))
            try:
                yield plugins.options("masking", name, base.model_dump() | changed)
            except UsageError:  # a value that this strategy does not allow
                continue


def thresholds(options: Any) -> tuple[str, ...]:
    """Names of the numeric options of the patch and the pixel level; empty for a strategy without such a pair."""
    fields = type(options).model_fields
    numeric = [name for name, field in fields.items() if "float" in str(field.annotation)]
    names = [[name for name in numeric if name.endswith(f"_{level}")] for level in LEVELS]
    return tuple(names[0] for names in names) if all(names) else ()


def _row(name: str, strategy: Any, options: Any, maps: RoundMaps, level: str, used: MasksSpec) -> Row:
    statistics = strategy.fit(maps, options)
    made = [strategy.apply(scene, statistics, options, level) for scene in maps.unlabelled]
    risk = kept_and_dropped(
        (np.square(scene.error, dtype=np.float64), strategy.apply(scene, statistics, options, level).weight)
        for scene in maps.labelled
        if scene.error is not None
    )
    pair = ["" if value is None else value for value in (getattr(options, key) for key in thresholds(options))]
    kept = float(np.sqrt(risk["kept_risk"]))
    return Row(
        strategy=name,
        patch=pair[0] if pair else "",
        pixel=pair[1] if pair else "",
        keep_patch=float(np.mean([masks.patch_mask.mean() for masks in made])),
        keep_pixel=float(np.mean([masks.pixel_mask.mean() for masks in made])),
        keep_rate=float(np.mean([masks.weight.mean() for masks in made])),
        kept_rmse=kept,
        dropped_rmse=float(np.sqrt(risk["dropped_risk"])),
        psnr=-20 * float(np.log10(max(kept, 1e-9))) if risk["keep_rate"] > 0 else None,
        used=name == used.strategy and options == used.options,
    )
