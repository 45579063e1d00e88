"""Stage `score`: scores of a student on the scenes of one split, which a study compares."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from hdrpipe.errors import InputError, UsageError
from hdrpipe.evaluation.metrics import scores
from hdrpipe.files.product.shards import Shards
from hdrpipe.files.recorded import read_json
from hdrpipe.files.rows import write_rows
from hdrpipe.inference.tiles import predict
from hdrpipe.stages.inputs import scene_arrays
from hdrpipe.stages.job import Job
from hdrpipe.stages.score_table import FIRST_COLUMNS, scene_columns
from hdrpipe.stages.training import load_network


def chosen_of(students: Sequence[Path], chosen: Path | None) -> Path:
    """The student of the round that `chosen.json` names, among those of rounds 1, 2, ...; or the only one.

    Raises:
        UsageError: there is no student of that round, or several students but no `chosen.json`.
    """
    number = read_json(chosen, "choose")["round"] if chosen else len(students)
    if not 1 <= number <= len(students) or (chosen is None and len(students) > 1):
        raise UsageError(f"round {number} is asked for, but there are {len(students)} students", chosen or "--student")
    return students[number - 1]


def score(student: Path, bursts: Sequence[Path], truths: Sequence[Path], out: Path, job: Job) -> None:
    """Write one row (CSV) for each scene with a truth: scene, difficulty, group and the measures.

    Predictions are rounded to half precision first, as in the products of `evaluate`, so that both give the same score.

    Args:
        student: weights (.safetensors).
        bursts: scene products of the split.
        truths: their truth products.
        out: the table.
        job: provenance and progress.

    Raises:
        InputError: the split has no scene.
    """
    network = load_network(student)
    with ExitStack() as stack:
        scenes, targets = Shards(bursts, "scenes", stack), Shards(truths, "truth", stack)
        if not scenes.scenes:
            raise InputError("no scene to score", bursts[0], "give this split scenes in data.options")
        rows = []
        arrays = [scene for scene in scene_arrays(scenes, None) if scene.name in targets]
        for done, scene in enumerate(arrays, 1):
            radiance, _ = predict(network.net, scene.frames[...], scene.times, scene.quality)
            estimate = radiance.astype(np.float16).astype(np.float32)
            truth = targets.of(scene.name).read(scene.name, "radiance")
            rows.append({**scene_columns(scenes, scene.name), **scores(estimate, truth)})
            job.progress(done, len(arrays), scene.name)
        write_rows(out, rows, FIRST_COLUMNS)
        job.record(out, {"student": network.content_hash, **scenes.hashes, **targets.hashes})
