"""Remaining cost of a study: its jobs without an output yet, timed by the provenance of finished jobs like them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from hdrpipe.config.documents import from_json
from hdrpipe.config.folds import fold_name, products
from hdrpipe.config.load import Config
from hdrpipe.config.runs import Member, cells, folded, members, scored

STARTING = 3.0
"""Seconds that a job takes to load Python, torch and OpenCV, which its provenance does not count."""

WITNESSES = (
    "history.csv",
    "manifest-00.json",
    "noise.json",
    "masks.json",
    "labelled.h5",
    "scores-validation.csv",
    "scores-test.csv",
)
"""Outputs whose provenance records how long a stage took; one stands for the other shards, which take as long."""


@dataclass(frozen=True)
class Work:
    """One job: its stage and, for a training, its steps."""

    stage: str
    steps: int = 0


def jobs(base: Config, results: Path) -> dict[Path, Work]:
    """Output -> job, for all jobs of a study but the comparison."""
    runs = members(base)
    names = [cell.run(base.run) for cell in cells(base.study)]
    return {results / path: work for name in names for path, work in _of_arm(name, runs[name], base.study.split)}


def _of_arm(name: str, member: Member, split: str) -> Iterator[tuple[str, Work]]:
    config = member.config
    yield f"{member.scenes}/scenes/manifest-00.json", Work("prepare")
    yield from _of_rounds(name, member, config.rounds)
    if config.pseudo_labelled:
        yield from _of_folds(name, member, config.crossfit.folds, config.rounds, member.labels)
    yield from _of_folds(name, member, config.loss.judge_folds, config.rounds + 1, member.start)
    yield f"{scored(name, config)}/scores-{split}.csv", Work("score")


def _of_folds(name: str, member: Member, folds: int, rounds: int, first: str) -> Iterator[tuple[str, Work]]:
    """Held-out predictions for so many rounds of an arm; those for round 1 lie in the run `first`."""
    for fold, product in enumerate(products(folds)):
        called = fold_name(fold, folds)
        yield f"{member.scenes}/scenes/{called}/held-out-00.h5", Work("fold")
        yield from _of_rounds(f"{name}/{called}", folded(member, called), rounds - 1)
        for number in range(1, rounds + 1):
            yield f"{first if number == 1 else name}/round-{number:02d}/{product}", Work("teacher")


def _of_rounds(name: str, member: Member, rounds: int) -> Iterator[tuple[str, Work]]:
    config = member.config
    if config.match.strategy != "none":
        yield f"{member.start}/round-00/noise.json", Work("match")
    yield f"{member.start}/round-00/history.csv", Work("warmup", config.warmup.steps)
    for number in range(1, rounds + 1):
        here = f"{name}/round-{number:02d}"
        if config.pseudo_labelled:
            owner = member.labels if number == 1 else name
            yield f"{owner}/round-{number:02d}/labelled.h5", Work("teacher")
            yield f"{owner}/round-{number:02d}/uncertainty-00.h5", Work("teacher")
            yield f"{here}/masks.json", Work("masks")
        yield f"{here}/history.csv", Work("student", config.student.steps)


def summary(base: Config, results: Path) -> str:
    """One line: the jobs of a study, how many are left, and how long they take one after the other."""
    all_jobs = jobs(base, results)
    left = [work for path, work in all_jobs.items() if not path.exists()]
    trainings = [work for work in all_jobs.values() if work.steps]
    steps = sum(work.steps for work in left)
    line = (
        f"Study {base.run}: {len(trainings)} trainings among {len(all_jobs)} jobs; "
        f"left {sum(work.steps > 0 for work in left)} trainings ({steps} steps) among {len(left)} jobs"
    )
    seconds = _seconds(left, _measured(results / base.run) or _measured(results))
    if seconds is None:
        return f"{line}; no training has been timed here yet, so the time left appears once the first ones are done."
    return f"{line}: about {seconds / 60:.0f} min one after the other, as earlier jobs on this machine took."


def _seconds(left: list[Work], measured: Mapping[str, float]) -> float | None:
    if not {"warmup", "student"} & measured.keys():
        return None
    step = measured.get("student", measured.get("warmup", 0.0))
    return sum(
        STARTING + (work.steps * measured.get(work.stage, step) if work.steps else measured.get(work.stage, 0.0))
        for work in left
    )


def _measured(folder: Path) -> dict[str, float]:
    """Stage -> median seconds of a job, for a training of a step."""
    durations: dict[str, list[float]] = {}
    for name in WITNESSES:
        for path in folder.rglob(f"{name}.json"):
            try:
                provenance = from_json(path.read_text(encoding="utf-8"))
                stage, seconds = str(provenance["stage"]), float(provenance["seconds"])
                steps = provenance["spec"].get(stage, {}).get("steps", 1)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                continue  # an estimate needs no sidecar in particular
            durations.setdefault(stage, []).append(seconds / steps)
    return {stage: median(values) for stage, values in durations.items()}
