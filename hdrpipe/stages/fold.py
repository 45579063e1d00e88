"""Stage `fold`: labelled scenes of a shard without one fold, and the scenes of that fold without their truth."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hdrpipe.config.folds import held_out
from hdrpipe.errors import UsageError
from hdrpipe.files.product.hdf5 import Product, open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.stages.job import Job


def fold(bursts: Path, truths: Path, names: Sequence[str], position: tuple[int, int], out: Path, job: Job) -> None:
    """Write `labelled-KK.h5`, `labelled-truth-KK.h5` and `held-out-KK.h5` of one shard KK into `out`.

    The trainings of a fold read the first two only: files that do not contain the scenes held out.

    Args:
        bursts: `labelled-KK.h5`.
        truths: `labelled-truth-KK.h5`.
        names: labelled scenes of all shards.
        position: index of the fold, from 0, and the number of folds.
        out: folder of the products.
        job: provenance and progress.

    Raises:
        UsageError: there are fewer labelled scenes than folds.
    """
    held = held_out(names, *position)
    if position[1] > len(names):
        what = f"{position[1]} folds need at least {position[1]} labelled scenes; there are {len(names)}"
        raise UsageError(what, "crossfit.folds", "set fewer folds, or 0 to switch cross-fitting off")
    with open_product(bursts, "scenes") as scenes, open_product(truths, "truth") as targets:
        inputs = {product.path.name: product.content_hash for product in (scenes, targets)}
        left = set(names) - set(held)
        outputs = [
            (out / bursts.name, scenes, left),
            (out / truths.name, targets, left),
            (out / bursts.name.replace("labelled", "held-out"), scenes, set(held)),
        ]
        for done, (path, product, chosen) in enumerate(outputs, 1):
            schema, rows = SCHEMAS[product.kind], _rows(product, chosen)
            job.record(path, inputs, write_product(path, schema, rows, product.attributes, job.origin(inputs)))
            job.progress(done, len(outputs), f"held out: {', '.join(held)}")


def _rows(product: Product, chosen: Collection[str]) -> Iterator[tuple[str, dict[str, np.ndarray], dict[str, Any]]]:
    for scene in product.scenes:
        if scene in chosen:
            fields = {field: product.read(scene, field) for field in product.schema.fields if product.has(scene, field)}
            yield scene, fields, product.scene_attributes(scene)
