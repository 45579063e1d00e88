"""Stage `student`: one round of semi-supervised training on labels and on masked pseudo labels."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from hdrpipe.config.load import Config
from hdrpipe.files.product.shards import Shards
from hdrpipe.files.weights import load_weights
from hdrpipe.learning.train import train
from hdrpipe.stages.inputs import exposures_of, scene_arrays
from hdrpipe.stages.job import Job
from hdrpipe.stages.training import load_network, new_network, save_round, settings_of, state_key


@dataclass(frozen=True)
class StudentInputs:
    """Files that a student is trained from.

    Attributes:
        labelled, truths: scene and truth products of the labelled scenes.
        unlabelled, uncertainty, masks: scene products, pseudo labels and masks of the unlabelled scenes.
        teacher: the moving average, which this training continues.
        start: weights that the student starts from; None for new ones.
        optimizer: state that the optimizer starts from; None for a new one.
        held_out: uncertainty products of the labelled scenes for `loss.judge_folds`; empty without.
    """

    labelled: Sequence[Path]
    truths: Sequence[Path]
    unlabelled: Sequence[Path]
    uncertainty: Sequence[Path]
    masks: Sequence[Path]
    teacher: Path
    start: Path | None
    optimizer: Path | None
    held_out: Sequence[Path] = ()


def student(spec: Config, files: StudentInputs, round_: int, out: Path, state: Path, job: Job) -> None:
    """Train the student of a round, and update the teacher, its moving average.

    Args:
        spec: `seed`, `model`, `loss`, `student` of the config.
        files: products and weights of this round and the one before.
        round_: 1 or more.
        out: folder of the round's files.
        state: folder of the training state that an interrupted run goes on from.
        job: provenance and progress.
    """
    with ExitStack() as stack:
        bursts, truths = Shards(files.labelled, "scenes", stack), Shards(files.truths, "truth", stack)
        pool, labels = Shards(files.unlabelled, "scenes", stack), Shards(files.uncertainty, "uncertainty", stack)
        masks = Shards(files.masks, "masks", stack)
        unseen = Shards(files.held_out, "uncertainty", stack) if files.held_out else None
        labelled = scene_arrays(bursts, truths, held_out=unseen)
        unlabelled = scene_arrays(pool, labels, "pseudo_label", masks)
        teacher = load_network(files.teacher)
        network = load_network(files.start) if files.start else new_network(spec, exposures_of(labelled))
        inputs = {"start": network.content_hash, "teacher": teacher.content_hash}
        for shards in (bursts, truths, pool, labels, masks, unseen):
            inputs.update(shards.hashes if shards else {})
        trained = train(
            network.net,
            teacher=teacher.net,
            labelled=labelled,
            unlabelled=unlabelled,
            settings=settings_of(
                spec, spec.student, round_, earlier_steps=network.steps, averaged_steps=teacher.averaged
            ),
            optimizer_state=load_weights(files.optimizer)[0] if files.optimizer else None,
            state_dir=state,
            state_key=state_key(job, inputs),
            progress=job.losses,
        )
    steps = spec.student.steps
    network_after = replace(network, steps=network.steps + steps, averaged=teacher.averaged + steps)
    save_round(out, trained, network_after, round_, inputs, job)
