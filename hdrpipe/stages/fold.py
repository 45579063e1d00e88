"""fold: the labelled scenes without those of one fold, and the scenes of that fold without their truth."""

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


def fold(bursts: Sequence[Path], truths: Sequence[Path], share: tuple[int, int], out: Path, job: Job) -> None:
    """Write `labelled-KK.h5`, `labelled-truth-KK.h5` and `held-out-KK.h5` into `out` for every shard KK.

    What trains a fold reads the first two alone: files in which the scenes held out do not occur.

    Args:
        bursts: scene products of the labelled scenes.
        truths: their truth products.
        share: the fold, from 0, and the number of folds.
        out: folder of the products.
        job: provenance and progress.

    Raises:
        UsageError: there are fewer labelled scenes than folds.
    """
    with ExitStack() as stack:
        scenes, known = Shards(bursts, "scenes", stack), Shards(truths, "truth", stack)
        held = held_out(scenes.scenes, *share)
        if share[1] > len(scenes.scenes):
            what = f"{len(scenes.scenes)} labelled scenes cannot be cut into {share[1]} folds"
            raise UsageError(what, "crossfit.folds", "set fewer, or 0 to do without")
        left = set(scenes.scenes) - set(held)
        inputs = {**scenes.hashes, **known.hashes}
        parts = [
            (out / f"{name}-{number:02d}.h5", product, wanted)
            for name, shards, wanted in (
                ("labelled", scenes, left),
                ("labelled-truth", known, left),
                ("held-out", scenes, set(held)),
            )
            for number, product in enumerate(shards.products)
        ]
        for done, (path, product, wanted) in enumerate(parts, 1):
            schema, rows = SCHEMAS[product.kind], _rows(product, wanted)
            job.record(path, inputs, write_product(path, schema, rows, product.attributes, job.origin(inputs)))
            job.progress(done, len(parts), f"held out: {', '.join(held)}")


def _rows(product: Product, wanted: Collection[str]) -> Iterator[tuple[str, dict[str, np.ndarray], dict[str, Any]]]:
    for scene in product.scenes:
        if scene in wanted:
            fields = {field: product.read(scene, field) for field in product.schema.fields if product.has(scene, field)}
            yield scene, fields, product.scene_attributes(scene)
