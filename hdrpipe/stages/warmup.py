"""Stage `warmup`: round 0, supervised training on the labelled scenes."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from hdrpipe.config.load import Config
from hdrpipe.files.product.shards import Shards
from hdrpipe.learning.train import train
from hdrpipe.stages.inputs import exposures_of, scene_arrays
from hdrpipe.stages.job import Job
from hdrpipe.stages.training import save_round, settings_of, starting_network, state_key


def warmup(
    spec: Config,
    bursts: Sequence[Path],
    truths: Sequence[Path],
    out: Path,
    state: Path,
    job: Job,
    held_out: Sequence[Path] = (),
) -> None:
    """Train on labels only; the teacher of round 1 is a copy of this student.

    Args:
        spec: `seed`, `model`, `loss`, `warmup` of the config.
        bursts: scene products of the labelled scenes.
        truths: their truth products.
        out: folder of the round's files.
        state: folder of the training state that an interrupted run goes on from.
        job: provenance and progress.
        held_out: uncertainty products of the labelled scenes for `loss.judge_folds`; empty without.
    """
    with ExitStack() as stack:
        scenes, targets = Shards(bursts, "scenes", stack), Shards(truths, "truth", stack)
        unseen = Shards(held_out, "uncertainty", stack) if held_out else None
        inputs = {**scenes.hashes, **targets.hashes, **(unseen.hashes if unseen else {})}
        labelled = scene_arrays(scenes, targets, held_out=unseen)
        network = starting_network(spec, exposures_of(labelled))
        inputs["start"] = network.content_hash
        trained = train(
            network.net,
            teacher=None,
            labelled=labelled,
            unlabelled=(),
            settings=settings_of(spec, spec.warmup, 0),
            optimizer_state=None,
            state_dir=state,
            state_key=state_key(job, inputs),
            progress=job.losses,
        )
    save_round(out, trained, replace(network, steps=network.steps + spec.warmup.steps), 0, inputs, job)
