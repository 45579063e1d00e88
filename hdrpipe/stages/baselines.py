"""baselines: the classical merges on the test scenes, as captured and aligned, by the measures of the networks."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from hdrpipe.evaluation.metrics import scores
from hdrpipe.files.atomic import write_text
from hdrpipe.files.product.hdf5 import Product
from hdrpipe.files.product.shards import Shards
from hdrpipe.imaging.align import align
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.merge import MERGES
from hdrpipe.stages.job import Job

ALIGNMENTS = ("none", "mtb", "dis")
U16 = 65535


def baselines(bursts: Sequence[Path], truths: Sequence[Path], out: Path, job: Job) -> None:
    """One row (CSV) for each test scene whose truth is known, merge and alignment.

    Args:
        bursts: scene products of the test split.
        truths: their truth products.
        out: the table.
        job: provenance and progress.
    """
    with ExitStack() as stack:
        scenes, known = Shards(bursts, "scenes", stack), Shards(truths, "truth", stack)
        rows = []
        for done, scene in enumerate([scene for scene in scenes.scenes if scene in known], 1):
            product = scenes.of(scene)
            truth = known.of(scene).read(scene, "radiance")
            rows += _scene_rows(scene, read_burst(product, scene), truth, product.scene_attributes(scene))
            job.progress(done, len(scenes.scenes), scene)
        columns = None if rows else ["scene", "difficulty", "group", "method"]
        write_text(out, pd.DataFrame(rows, columns=columns).to_csv(index=False))
        job.record(out, {**scenes.hashes, **known.hashes})


def read_burst(product: Product, scene: str) -> Burst:
    """The burst of a scene as the camera took it, unaligned."""
    attributes = product.scene_attributes(scene)
    ldr = product.read(scene, "ldr").astype(np.float32) / np.float32(U16)
    return Burst(ldr=ldr, ev=tuple(float(ev) for ev in attributes["ev"]), reference=int(attributes["reference"]))


def _scene_rows(scene: str, burst: Burst, truth, attributes) -> list[dict]:
    about = {"scene": scene, "difficulty": attributes["difficulty"], "group": attributes["group"]}
    rows = []
    for alignment in ALIGNMENTS:
        aligned = align(burst, alignment).burst
        for name, merge in MERGES.items():
            if name == "reference_only" and alignment != "none":
                continue
            rows.append({**about, "method": f"{name}/{alignment}", **scores(merge(aligned), truth)})
    return rows
