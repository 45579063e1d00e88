"""Stage `prepare`: a shard of the scenes of every split as products, the label draw, the alignment, and a manifest."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from hdrpipe.config import plugins
from hdrpipe.config.load import LABEL_LESS, NONE_LEFT, Config
from hdrpipe.config.sections import DataSpec
from hdrpipe.config.spec import nearest
from hdrpipe.datasets.archives import check_archive
from hdrpipe.datasets.scenes import Entry, Scene
from hdrpipe.errors import InputError, UsageError
from hdrpipe.files.atomic import write_json
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.recorded import read_json
from hdrpipe.imaging.align import align
from hdrpipe.imaging.tonemap import display
from hdrpipe.stages.job import Job

log = logging.getLogger(__name__)

SPLITS = ("labelled", "unlabelled", "validation", "test")

U16 = 65535
"""Scale of the stored frames."""


def prepare(
    spec: Config,
    cache: Path,
    sources: Path,
    out: Path,
    job: Job,
    sides: Mapping[str, int] = MappingProxyType({}),
    shard: int = 0,
) -> None:
    """Write `{split}-KK.h5` (bursts) and `{split}-truth-KK.h5` (HDR truth) for each split, and `manifest-KK.json`.

    The truth of the unlabelled scenes is in separate files, so that the workflow shows every job that reads it.

    Args:
        spec: `data` of the config.
        cache: folder of the archives that `sources` (JSON of the fetch stage) lists.
        out: folder of the products.
        job: provenance and progress.
        sides: split -> least side of its scenes in pixels, the largest crop of the trainings; 0 or absent for splits
            that no training needs.
        shard: KK, from 0; of every split it has each `data.shards`-th scene.

    Raises:
        UsageError: more labels asked for than the pool has scenes with truth, or no unlabelled scene left.
        InputError: an archive is not the one that was fetched, scenes differ in their number of exposures, one cannot
            be read, or is smaller than a crop.
    """
    data, archives = spec.data, read_json(sources, "fetch")
    for archive in archives:
        check_archive(cache / archive["filename"], archive["sha256"])
    module = plugins.load("datasets", data.dataset)
    entries = module.listing(data.options, data.seed, cache)
    check_counts(entries)
    pool = [entry for entry in entries if entry.split == "pool"]
    chosen = choose_labels(pool, data.labelled, data.draw)
    splits = {
        "labelled": [entry for entry in pool if entry.name in chosen],
        "unlabelled": [entry for entry in pool if entry.name not in chosen],
        "validation": [entry for entry in entries if entry.split == "validation"],
        "test": [entry for entry in entries if entry.split == "test"],
    }
    if sides.get("unlabelled") and not splits["unlabelled"]:
        hint = f"{LABEL_LESS}; or add bursts without truth"
        raise UsageError(f"all {len(pool)} training scenes are labelled: {NONE_LEFT}", "data.labelled", hint)
    splits = {split: entries[shard :: data.shards] for split, entries in splits.items()}
    digests: dict[str, dict[str, str]] = {}
    load = _counted(sum(map(len, splits.values())), digests, job)
    for split in SPLITS:
        checked = partial(_large_enough, load, sides.get(split, 0))
        _write_shard(split, shard, splits[split], checked, data.align, out, job)
    _write_manifest(splits, archives, digests, data, out / f"manifest-{shard:02d}.json", job)


def check_counts(entries: Sequence[Entry]) -> None:
    """Raise InputError, before anything is read, if scenes differ in their number of exposures."""
    counts = Counter(len(entry.ev) for entry in entries)
    if len(counts) > 1:
        usual = counts.most_common(1)[0][0]
        odd = next(entry for entry in entries if len(entry.ev) != usual)
        others = sum(counts.values()) - counts[usual] - 1
        what = f"scene {odd.name!a} has {len(odd.ev)} exposures, most scenes have {usual}"
        skipped = f"it and {others} more" if others else "it"
        hint = f"all scenes of a run need the same number; leave {skipped} out (data.options.skip)"
        raise InputError(what, "data.dataset", hint)


def choose_labels(pool: list[Entry], labelled: int | str | Sequence[str], draw: int) -> frozenset[str]:
    """Names of the pool scenes that keep their truth: as many as asked for (by `draw_labels`), all, or the named ones.

    Raises:
        UsageError: too few scenes have truth, or no scene with truth has one of the names.
    """
    candidates = [(entry.name, entry.ev) for entry in pool if entry.labelled]
    if not candidates:
        raise UsageError("no training scene has HDR truth; training needs at least one", "data.dataset")
    if isinstance(labelled, int):
        candidates = [(entry.name, entry.ev) for entry in pool if entry.labelled and entry.source]
    if isinstance(labelled, int | str):
        return draw_labels(candidates, labelled, draw)
    names = [name for name, _ in candidates]
    missing = next((name for name in labelled if name not in names), None)
    if missing is not None or not labelled:
        what = "the list is empty" if missing is None else f"no training scene with HDR truth is named {missing!a}"
        raise UsageError(what + nearest(missing or "", names), "data.labelled")
    return frozenset(labelled)


def draw_labels(pool: list[tuple[str, tuple[float, ...]]], count: int | str, draw: int) -> frozenset[str]:
    """Names of the pool scenes that keep their truth.

    Scenes are shuffled by the seed `draw` and taken round-robin over the distinct lists of exposures (in thirds of a
    stop from the shortest), so that a few labels cover every kind of bracket.

    Raises:
        UsageError: the pool has fewer scenes than asked for.
    """
    if count == "all":
        return frozenset(name for name, _ in pool)
    if not 1 <= int(count) <= len(pool):
        what = f"{count} labelled scenes are asked for, but only {len(pool)} scenes have HDR truth"
        raise UsageError(what, "data.labelled")
    order = np.random.default_rng([draw, 0x1AB]).permutation(len(pool))
    lanes: dict[tuple[int, ...], list[str]] = {}
    for index in order:
        name, ev = pool[index]
        lanes.setdefault(tuple(round(3 * (value - ev[0])) for value in ev), []).append(name)
    turns = sorted((turn, lane) for lane, names in enumerate(lanes.values()) for turn in range(len(names)))
    queues = list(lanes.values())
    return frozenset(queues[lane][turn] for turn, lane in turns[: int(count)])


def _counted(total: int, digests: dict[str, dict[str, str]], job: Job) -> Callable[[Entry], Scene]:
    """A function that loads a scene, collects the digests of its files, and reports progress."""
    done = 0

    def counted(entry: Entry) -> Scene:
        nonlocal done
        scene = entry.load()
        for note in scene.notes:
            log.info("%s: %s", entry.name, note)
        if scene.digests:
            digests[scene.name] = dict(scene.digests)
        done += 1
        job.progress(done, total, entry.name)
        return scene

    return counted


def _large_enough(load: Callable[[Entry], Scene], side: int, entry: Entry) -> Scene:
    """A loaded scene, or an InputError where a crop of `side` pixels does not fit into it."""
    scene = load(entry)
    height, width = scene.burst.ldr.shape[-2:]
    if min(height, width) < side:
        what = f"has {width} x {height} pixels, a crop of the trainings {side}"
        hint = "lower warmup.crop or student.crop, or leave it out (data.options.skip)"
        raise InputError(what, f"scene {entry.name}", hint)
    return scene


def _write_shard(
    split: str, shard: int, entries: list[Entry], load: Callable[[Entry], Scene], method: str, out: Path, job: Job
) -> None:
    truths: list[tuple[str, np.ndarray]] = []

    def bursts() -> Iterator[tuple[str, dict[str, np.ndarray], dict[str, Any]]]:
        for entry in entries:
            scene = load(entry)
            if scene.truth is not None:
                truths.append((scene.name, scene.truth))
            yield scene.name, *_burst_fields(scene, method)

    attributes = {"split": split, "shard": shard, "align": method}
    path = out / f"{split}-{shard:02d}.h5"
    job.record(path, {}, write_product(path, SCHEMAS["scenes"], bursts(), attributes, job.origin({})))
    path = out / f"{split}-truth-{shard:02d}.h5"
    job.record(path, {}, write_product(path, SCHEMAS["truth"], _truth_fields(truths), attributes, job.origin({})))


def _burst_fields(scene: Scene, method: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    burst = scene.burst
    fields = {"ldr": _u16(burst.ldr), "preview": display(burst.radiance[burst.reference])}
    report: Any = []
    if method != "none":
        alignment = align(burst, method)
        fields["aligned"], report = _u16(alignment.burst.ldr), alignment.report
        left = [str(entry["frame"] + 1) for entry in report if not entry["accepted"]]
        if left:
            log.info(
                "%s: frame %s left unaligned: %s does not reduce its difference to the reference",
                scene.name,
                " and ".join(left),
                method,
            )
    attributes = {
        "ev": list(burst.ev),
        "reference": burst.reference,
        "difficulty": scene.difficulty,
        "group": scene.group,
        "sources": json.dumps(list(scene.sources)),
        "alignment": json.dumps(list(report)),
        "exposures": scene.exposures,
        "notes": json.dumps(list(scene.notes)),
        "quality": scene.quality,
    }
    return fields, attributes


def _truth_fields(truths: Iterable[tuple[str, np.ndarray]]) -> Iterator[tuple[str, dict[str, np.ndarray], dict]]:
    for name, truth in truths:
        yield name, {"radiance": truth.astype(np.float32), "preview": display(truth)}, {}


def _u16(ldr: np.ndarray) -> np.ndarray:
    return np.rint(ldr * U16).astype(np.uint16)


def _write_manifest(
    splits: dict[str, list[Entry]],
    sources: list,
    digests: dict[str, dict[str, str]],
    data: DataSpec,
    path: Path,
    job: Job,
) -> None:
    content = {
        "splits": {split: [entry.name for entry in entries] for split, entries in splits.items()},
        "sources": sources,
        "files": digests,
        "seed": data.seed,
        "draw": data.draw,
    }
    write_json(path, content)
    job.record(path, {row["filename"]: row["sha256"] for row in sources})
