"""Stage `baselines`: scores of the classical merges on the test scenes, unaligned and aligned."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdrpipe.evaluation.metrics import scores
from hdrpipe.files.product.hdf5 import Product
from hdrpipe.files.product.shards import Shards
from hdrpipe.files.rows import write_rows
from hdrpipe.imaging.align import align
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.merge import MERGES
from hdrpipe.stages.job import Job
from hdrpipe.stages.score_table import FIRST_COLUMNS, scene_columns

ALIGNMENTS = ("none", "mtb", "dis")

U16 = 65535
"""Scale of the stored frames."""


def baselines(bursts: Sequence[Path], truths: Sequence[Path], out: Path, job: Job) -> None:
    """Write a table (CSV) with one row for each test scene with truth, merge and alignment.

    Args:
        bursts: scene products of the test split.
        truths: their truth products.
        out: the table.
        job: provenance and progress.
    """
    with ExitStack() as stack:
        scenes, targets = Shards(bursts, "scenes", stack), Shards(truths, "truth", stack)
        rows = []
        for done, scene in enumerate([scene for scene in scenes.scenes if scene in targets], 1):
            product = scenes.of(scene)
            truth = targets.of(scene).read(scene, "radiance")
            rows += _scene_rows(scene_columns(scenes, scene), read_burst(product, scene), truth)
            job.progress(done, len(scenes.scenes), scene)
        write_rows(out, rows, FIRST_COLUMNS)
        job.record(out, {**scenes.hashes, **targets.hashes})


def read_burst(product: Product, scene: str) -> Burst:
    """The burst of a scene as captured, unaligned."""
    attributes = product.scene_attributes(scene)
    ldr = product.read(scene, "ldr").astype(np.float32) / np.float32(U16)
    ev, quality = tuple(float(value) for value in attributes["ev"]), int(attributes.get("quality", 0))
    return Burst(ldr, ev, int(attributes["reference"]), quality=quality)


def _scene_rows(first: dict[str, Any], burst: Burst, truth: NDArray) -> list[dict[str, Any]]:
    """Scores of one scene under every alignment and merge; `first` are the first columns of each row."""
    rows = []
    for alignment in ALIGNMENTS:
        aligned = align(burst, alignment).burst
        for name, merge in MERGES.items():
            if name == "reference_only" and alignment != "none":
                continue
            rows.append({**first, "method": f"{name}/{alignment}", **scores(merge(aligned), truth)})
    return rows
