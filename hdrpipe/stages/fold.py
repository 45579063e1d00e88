"""Stage `fold`: labelled scenes without one fold, and the scenes of that fold without their truth."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from hdrpipe.config.folds import held_out
from hdrpipe.errors import UsageError
from hdrpipe.files.product.hdf5 import Product, write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.product.shards import Shards
from hdrpipe.stages.job import Job


def fold(bursts: Sequence[Path], truths: Sequence[Path], position: tuple[int, int], out: Path, job: Job) -> None:
    """Write `labelled-KK.h5`, `labelled-truth-KK.h5` and `held-out-KK.h5` into `out` for every shard KK.

    The trainings of a fold read the first two only: files that do not contain the scenes held out.

    Args:
        bursts: scene products of the labelled scenes.
        truths: their truth products.
        position: index of the fold, from 0, and the number of folds.
        out: folder of the products.
        job: provenance and progress.

    Raises:
        UsageError: there are fewer labelled scenes than folds.
    """
    with ExitStack() as stack:
        scenes, targets = Shards(bursts, "scenes", stack), Shards(truths, "truth", stack)
        held = held_out(scenes.scenes, *position)
        if position[1] > len(scenes.scenes):
            what = f"{position[1]} folds need at least {position[1]} labelled scenes; there are {len(scenes.scenes)}"
            raise UsageError(what, "crossfit.folds", "set fewer folds, or 0 to switch cross-fitting off")
        left = set(scenes.scenes) - set(held)
        inputs = {**scenes.hashes, **targets.hashes}
        outputs = [
            (out / f"{name}-{number:02d}.h5", product, chosen)
            for name, shards, chosen in (
                ("labelled", scenes, left),
                ("labelled-truth", targets, left),
                ("held-out", scenes, set(held)),
            )
            for number, product in enumerate(shards.products)
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
