"""YAML to frozen specs, once. Imports no torch: the Snakefile reads this on every call.

`stage_spec` cuts out of a config what one stage depends on: the string that Snakemake tracks is the very string that
the stage's command receives.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from pydantic import Field

from hdrpipe.config.aliases import renamed
from hdrpipe.config.batch_share import check_batches
from hdrpipe.config.documents import check_size, from_json, from_yaml
from hdrpipe.config.folds import ChooseSpec, CrossfitSpec, check_folds
from hdrpipe.config.sections import (
    ComparedArm,
    DataSpec,
    LossSpec,
    MasksSpec,
    MatchSpec,
    ModelSpec,
    StudentSpec,
    StudySpec,
    TeacherSpec,
    WarmupSpec,
)
from hdrpipe.config.spec import Spec, nearest, validated
from hdrpipe.errors import UsageError
from hdrpipe.quantities import RERENDERED

NONE_LEFT = "students have no unlabelled scene to learn from"
LABEL_LESS = "label fewer, or set student.unlabelled_batch: 0 to learn from labels alone"


class Config(Spec):
    """One run, whole."""

    run: str = Field(
        default="demo",
        pattern=r"^[A-Za-z0-9_][\w.-]*(/[A-Za-z0-9_][\w.-]*)*$",
        max_length=200,
        description="Name: a folder under results/.",
    )
    seed: int = Field(default=0, ge=0, description="Seed of initial weights, crops and augmentation.")
    rounds: int = Field(default=2, ge=1, le=999, description="Rounds of teacher, masks and student after the warm-up.")
    devices: int = Field(
        default=1,
        ge=1,
        description="GPUs that share each batch of one training; without GPUs, processes. Changes results by rounding.",
    )
    data: DataSpec = DataSpec()
    model: ModelSpec = ModelSpec()
    loss: LossSpec = LossSpec()
    warmup: WarmupSpec = WarmupSpec()
    teacher: TeacherSpec = TeacherSpec()
    masks: MasksSpec = MasksSpec()
    student: StudentSpec = StudentSpec()
    match: MatchSpec = MatchSpec()
    crossfit: CrossfitSpec = CrossfitSpec()
    choose: ChooseSpec = ChooseSpec()
    compare: tuple[ComparedArm, ...] = Field(
        default=(),
        description="Trainings without pseudo labels that the report holds the run against: `labels-alone`, `matched` "
        "(with the run's `match`), `all-labels` (the truth of every burst that has one).",
    )
    study: StudySpec = StudySpec()

    @property
    def pseudo_labelled(self) -> bool:
        """True if students learn from pseudo labels, so that rounds have a teacher's labels and masks."""
        return self.student.unlabelled_batch > 0

    @property
    def crops(self) -> tuple[int, int]:
        """Least side in pixels of a labelled and of an unlabelled scene; 0 where no unlabelled scene is needed."""
        student = self.student
        labelled, unlabelled = (
            student.crop * (RERENDERED if augmentation == "rerendered" else 1)
            for augmentation in (student.labelled_augmentation, student.unlabelled_augmentation)
        )
        return max(self.warmup.crop, labelled), unlabelled if self.pseudo_labelled else 0


PLUGIN_KEYS = {spec.section: (spec.key, spec.wing) for spec in (DataSpec, ModelSpec, MasksSpec)}
"""Section -> (its key that names a plug-in, the wing that the plug-in lies in)."""

STAGE_KEYS: dict[str, tuple[str, ...]] = {
    "fetch": ("data.dataset", "data.options"),
    "prepare": ("data",),
    "match": ("match", "data.align", "data.seed", "data.draw"),
    "baselines": (),
    "warmup": ("seed", "model", "loss", "warmup"),
    "teacher": ("teacher",),
    "teacher_labelled": ("teacher.average", "teacher.source", "teacher.risk"),
    "crossfit": ("teacher.average",),
    "masks": ("masks", "crossfit"),
    "fold": (),
    "student": ("seed", "model", "loss", "student"),
    "evaluate": (),
    "score": (),
    "study": ("run", "rounds", "study"),
    "choose": ("rounds", "choose"),
    "report": (
        *("run", "seed", "rounds", "data", "model", "loss", "warmup", "teacher", "masks", "student"),
        *("match", "crossfit", "choose"),
    ),
}
"""Keys that each stage depends on: a change of one of them, and of no other, reruns it."""

STAGE_PLUGINS = {
    "fetch": ("data",),
    "prepare": ("data",),
    "warmup": ("model",),
    "teacher": ("model",),
    "masks": ("masks",),
    "student": ("model",),
    "evaluate": ("model",),
    "score": ("model",),
}
"""Sections whose plug-in a stage runs; inference learns its backbone from the weights file, which the run made."""


def read_config(path: Path) -> Config:
    """Read and check one YAML file.

    Raises:
        UsageError: not YAML, a key unknown, a value out of range; names the key, what is allowed, the nearest match.
    """
    return check_config(read_yaml(path))


def read_yaml(path: Path) -> dict[str, Any]:
    """Keys of one YAML file, unchecked.

    Raises:
        UsageError: not YAML, or no mapping.
    """
    try:
        mapping = from_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot be read as YAML: {error}", path) from None
    if not isinstance(mapping, dict):
        raise UsageError("must be a mapping of keys", path, "see config.yaml")
    return cast(dict[str, Any], mapping)


def check_config(mapping: Mapping[str, Any]) -> Config:
    """A config from a mapping, plug-in options checked and filled with their defaults.

    Raises:
        UsageError: see `read_config`.
    """
    try:
        check_size(mapping)
    except ValueError as error:
        raise UsageError(str(error), "config") from None
    config: Config = validated(Config, renamed(mapping), "")
    check_folds(config.crossfit, config.loss.judge_folds, config.choose, config.data.labelled, config.pseudo_labelled)
    _check_teacher(config)
    _check_match(config)
    _check_labels(config.data)
    _check_scenes(config)
    batches = {"warmup.batch": config.warmup.batch, "student.batch": config.student.batch}
    check_batches(config.devices, {**batches, "student.unlabelled_batch": config.student.unlabelled_batch})
    return config


def _check_teacher(config: Config) -> None:
    """Raise UsageError where a classical merge is to be averaged, or a teacher that holds nothing out cross-fitted, or
    where the measured risk of the labels is needed and not measured."""
    hint = "leave it out, or set `teacher.source: average`"
    if config.teacher.source == "denoised" and config.teacher.average != "none":
        raise UsageError("is for teachers that are networks", "teacher.average", hint)
    given = {"crossfit.folds": config.crossfit.folds > 0, "loss.judge_folds": config.loss.judge_folds > 0}
    for key in (key for key in given if given[key] and config.teacher.source != "average"):
        raise UsageError("holds labels out of a teacher that the run trains; this one is given", key, hint)
    needed = {"masks.strategy": config.masks.options.needs_risk, "choose.rule": config.choose.rule == "measured-risk"}
    for key in (key for key in needed if needed[key] and config.pseudo_labelled and not config.teacher.risk):
        raise UsageError("needs the measured risk of the labels", key, "set `teacher.risk: true`")


def _check_match(config: Config) -> None:
    """Raise UsageError for a range that does not ascend, or matched labels that folds would have to hold out."""
    for key, ends in (("match.shot", config.match.shot), ("match.quality", config.match.quality)):
        if ends is not None and ends[0] > ends[1]:
            raise UsageError(f"{list(ends)} does not ascend", key, "name the least one first")
    if config.match.strategy != "none" and (config.crossfit.folds or config.loss.judge_folds):
        hint = "set `crossfit.folds` and `loss.judge_folds` to 0, or `match.strategy: none`"
        raise UsageError("matched labels are not held out by folds", "match.strategy", hint)


def _check_labels(data: DataSpec) -> None:
    """Raise UsageError if the label draw is asked for more scenes than a rendered dataset offers it."""
    offers = {key: getattr(data.options, key, None) for key in ("pool", "source")}
    for key, count in offers.items():
        if isinstance(data.labelled, int) and isinstance(count, int) and 0 < count < data.labelled:
            what = f"{data.labelled} labelled scenes are asked for, data.options.{key} is {count}"
            raise UsageError(what, "data.labelled", f"ask for at most {count}")


def _check_scenes(config: Config) -> None:
    """Raise UsageError if no scene of a rendered dataset is left unlabelled, or all are smaller than a crop."""
    pool, size = (getattr(config.data.options, key, None) for key in ("pool", "size"))
    if config.pseudo_labelled and isinstance(pool, int) and config.data.labelled in ("all", pool):
        raise UsageError(
            f"all {pool} scenes of data.options.pool are labelled: {NONE_LEFT}", "data.labelled", LABEL_LESS
        )
    if isinstance(size, int) and size < max(config.crops):
        what = f"crops of {max(config.crops)} pixels are larger than the scenes (data.options.size: {size})"
        if config.warmup.crop > size:
            raise UsageError(what, "warmup.crop", f"set at most {size}")
        raise UsageError(what, "student.crop", f"set at most {size * config.student.crop // max(config.crops)}")


def plugins_of(config: Config, stage: str) -> tuple[tuple[str, str], ...]:
    """Plug-ins (wing, name) whose code a stage runs."""
    sections = STAGE_PLUGINS.get(stage, ())
    return tuple((PLUGIN_KEYS[s][1], getattr(getattr(config, s), PLUGIN_KEYS[s][0])) for s in sections)


def weights_of(config: Config, stage: str) -> tuple[str, ...]:
    """Weights files whose content a stage depends on."""
    named = {"warmup": config.warmup.weights, "teacher": config.teacher.weights}.get(stage)
    return (named,) if named else ()


def stage_spec(config: Config, stage: str) -> str:
    """The canonical JSON of what a stage depends on: sorted keys, no spaces."""
    whole = config.model_dump(mode="json")
    cut: dict[str, Any] = {}
    for key in STAGE_KEYS[stage]:
        section, _, leaf = key.partition(".")
        if leaf:
            cut.setdefault(section, {})[leaf] = whole[section][leaf]
        else:
            cut[section] = whole[section]
    return json.dumps(cut, sort_keys=True, separators=(",", ":"))


def parse_spec(stage: str, text: str) -> Config:
    """The inverse of `stage_spec`: a config that has only the keys of the stage (reading another is an AttributeError).

    Raises:
        UsageError: not JSON, or a key that is not one of the stage's.
    """
    try:
        mapping: dict[str, Any] = renamed(from_json(text))
    except ValueError as error:
        raise UsageError(f"not JSON: {error}", "--spec") from None
    allowed = {key.split(".")[0] for key in STAGE_KEYS[stage]}
    extra = sorted(set(mapping) - allowed)
    if extra:
        raise UsageError(f"unknown key{nearest(extra[0], allowed)}", f"--spec {extra[0]}")
    whole: Config = validated(Config, mapping, "")
    return cast(Config, SimpleNamespace(**{key: getattr(whole, key) for key in allowed}))
