"""score: the student of a round on the scenes of one split, and nothing else; what a study compares."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd

from hdrpipe.errors import InputError, UsageError
from hdrpipe.evaluation.metrics import scores
from hdrpipe.files.atomic import write_text
from hdrpipe.files.recorded import read_json
from hdrpipe.inference.tiles import predict
from hdrpipe.stages.inputs import Shards, scene_arrays
from hdrpipe.stages.job import Job
from hdrpipe.stages.training import load_network


def chosen_of(students: Sequence[Path], chosen: Path | None) -> Path:
    """The one student there is, or that of the round that `chosen.json` names among those of rounds 1, 2, ...

    Raises:
        UsageError: there is no such student, or one of several is to be scored without a choice.
    """
    number = read_json(chosen, "choose")["round"] if chosen else len(students)
    if not 1 <= number <= len(students) or (chosen is None and len(students) > 1):
        raise UsageError(f"{len(students)} students, of which round {number} is asked for", chosen or "--student")
    return students[number - 1]


def score(student: Path, bursts: Sequence[Path], truths: Sequence[Path], out: Path, job: Job) -> None:
    """Write one row (CSV) for each scene: scene, difficulty, group and the measures.

    The prediction is rounded to half precision first, as the products of `evaluate` are, so that both give one score.

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
        scenes, known = Shards(bursts, "scenes", stack), Shards(truths, "truth", stack)
        if not scenes.scenes:
            raise InputError("no scene to score on", bursts[0], "give data.options more of them")
        rows = []
        for done, scene in enumerate(scene_arrays(scenes, None), 1):
            radiance, _ = predict(network.net, scene.frames[...], scene.times)
            estimate = radiance.astype(np.float16).astype(np.float32)
            about = scenes.of(scene.name).scene_attributes(scene.name)
            told = {"scene": scene.name, "difficulty": about["difficulty"], "group": about["group"]}
            rows.append({**told, **scores(estimate, known.of(scene.name).read(scene.name, "radiance"))})
            job.progress(done, len(scenes.scenes), scene.name)
        write_text(out, pd.DataFrame(rows).to_csv(index=False))
        job.record(out, {"student": network.content_hash, **scenes.hashes, **known.hashes})
