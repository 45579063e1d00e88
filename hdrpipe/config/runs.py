"""The runs that a config stands for: one, or all of a study, and which of their files they share.

A run is a folder under results/. Runs of a study that agree in what scenes, warm-up and first pseudo labels depend on
have one owner for them, a run that holds nothing else:

    study/noise/draw-0/data                  scenes/ of a regime and a label draw
    study/noise/draw-0/seed-3/warmup         round-00/, and the pseudo labels of round 1
    study/noise/draw-0/seed-3/bilevel        what the arm has of its own

A run that names arms in `compare` has them below it, `demo/compare/labels-alone`; they read its scenes and its warm-up
where these are theirs, too.

With cross-fitting each of the last two has a run for every fold of the labels below it, such as `bilevel/fold-0-of-5`,
which learns as its parent does from labels without that fold; they lie beside the scenes, in `scenes/fold-0-of-5/`.

An arm that sets one of these otherwise has an owner with a hash in its name. No name depends on what other arms there
are, so that adding an arm runs that arm and no other.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hdrpipe.config.folds import CrossfitSpec, of_name
from hdrpipe.config.load import PLUGIN_KEYS, Config, check_config, stage_spec
from hdrpipe.config.sections import ComparedArm, StudySpec
from hdrpipe.config.spec import nearest
from hdrpipe.errors import UsageError

FIXED = ("run", "seed", "devices", "study", "data.draw", "data.shards", "teacher.shards")
"""Keys that neither an arm nor a regime may set: the pair sets them, or all runs have them in common."""

PREPARED = ("fetch", "prepare")
WARMED = (*PREPARED, "match", "warmup")
COMPARED: dict[ComparedArm, dict[str, Any]] = {
    "labels-alone": {"match": {"strategy": "none"}},
    "matched": {},
    "all-labels": {"match": {"strategy": "none"}, "data": {"labelled": "all"}},
}
"""Arm of `compare` -> what it sets otherwise than its run, beside `ALONE`."""

ALONE = {
    "student": {"unlabelled_batch": 0},
    "teacher": {"risk": False},
    "crossfit": {"folds": 0},
    "choose": {"rule": "last"},
    "compare": [],
}
"""Settings of a run without pseudo labels, and without what is made of them."""

STARTING = ("seed", "data", "match", "model", "loss", "warmup")
"""Sections that a warm-up depends on."""


@dataclass(frozen=True)
class Member:
    """One run, and the runs whose scenes/, round-00/ and first pseudo labels it reads; often its own."""

    config: Config
    scenes: str
    start: str
    labels: str
    fold: str = ""
    """Name of the fold that is held out; empty for a run that learns from all of its labels."""
    owner: bool = False
    """Only holds what arms of a study share; its student's settings are nobody's."""


@dataclass(frozen=True)
class StudyCell:
    """One cell of a study's grid: an arm on one (label draw, seed) pair in one regime."""

    regime: str
    draw: int
    seed: int
    arm: str

    def run(self, study: str) -> str:
        """The name of its run."""
        return f"{study}/{self.regime}/draw-{self.draw}/seed-{self.seed}/{self.arm}"


def crops(members: Iterable[Member], scenes: str) -> tuple[int, int]:
    """`Config.crops` of all runs that learn from the scenes of the run `scenes`, the largest of each."""
    learning = (member.config for member in members if member.scenes == scenes and not member.owner)
    labelled, unlabelled = zip(*(config.crops for config in learning), strict=True)
    return max(labelled), max(unlabelled)


def single(config: Config) -> Member:
    """A run that shares nothing."""
    return Member(config, config.run, config.run, config.run)


def compared(config: Config) -> dict[str, Member]:
    """The runs that the report of a run holds it against, by name.

    Arms that would repeat another are left out: `all-labels` where the run has all labels itself, `matched` where it
    matches nothing.

    Raises:
        UsageError: an arm cannot be trained, such as `all-labels` with a number of folds of the judge.
    """
    runs: dict[str, Member] = {}
    for arm in config.compare if config.pseudo_labelled else ():
        if (arm == "all-labels" and config.data.labelled == "all") or (
            arm == "matched" and config.match.strategy == "none"
        ):
            continue
        mapping = overlaid(config.model_dump(mode="json", exclude={"study"}), COMPARED[arm])
        mapping = overlaid(mapping, {**ALONE, "run": f"{config.run}/compare/{arm}"})
        try:
            other = check_config(mapping)
        except UsageError as error:
            raise UsageError(error.what, f"compare: {arm}: {error.where}", error.hint) from None
        scenes, start = (
            config.run if all(stage_spec(other, stage) == stage_spec(config, stage) for stage in stages) else other.run
            for stages in (PREPARED, WARMED)
        )
        runs[other.run] = Member(other, scenes, start, other.run)
    return runs


def folded(parent: Member, fold: str) -> Member:
    """The run that learns as `parent` does, without the truth of one fold of the labelled scenes.

    Only the unlabelled scenes are common to both. Its own masks and judge are not cross-fitted again.

    Raises:
        UsageError: no fold is called so.
    """
    if of_name(fold) is None:
        raise UsageError("no fold has this name", fold, "such as fold-0-of-5")
    alone = {"crossfit": CrossfitSpec(), "loss": parent.config.loss.model_copy(update={"judge_folds": 0})}
    config = parent.config.model_copy(update={"run": f"{parent.config.run}/{fold}", **alone})
    start, labels = (f"{run}/{fold}" for run in (parent.start, parent.labels))
    return replace(parent, config=config, start=start, labels=labels, fold=fold)


def scored(run: str, config: Config) -> str:
    """The folder, below results/, in which a study finds the scores of a run: of its last round, or of a chosen one."""
    return f"{run}/round-{config.rounds:02d}" if config.choose.rule == "last" else f"{run}/chosen"


def cells(study: StudySpec) -> list[StudyCell]:
    """Every arm of a study on every pair in every regime, in the order of the tables.

    Raises:
        UsageError: a tier, `against` or `ceiling` names an arm that does not exist or does not run.
    """
    tiers = [("core", study.core), ("exploratory", study.exploratory)]
    if study.tier == "core":
        tiers.pop()
    for name, tier in tiers:
        _check_arms(tier.arms, study.arms, f"study.{name}.arms")
    if study.arms:
        _check_arms(study.against, study.core.arms, "study.against")
        _check_arms([study.ceiling] if study.ceiling else (), study.core.arms, "study.ceiling")
    unique = dict.fromkeys(
        StudyCell(regime, draw, seed, arm)
        for regime in study.regimes or ("all",)
        for _, tier in tiers
        for draw, seed in tier.pairs
        for arm in tier.arms
    )
    return list(unique)


def members(base: Config) -> dict[str, Member]:
    """All runs of the study of a config, owners among them, by name.

    Raises:
        UsageError: see `cells`; or an arm or a regime sets a key that is unknown, fixed or out of range.
    """
    runs: dict[str, Member] = {}
    for cell in cells(base.study):
        for member in _members_of(base, cell):
            runs[member.config.run] = member
    return runs


def _members_of(base: Config, cell: StudyCell) -> Iterator[Member]:
    """An arm's run, and the owners of what it shares."""
    root = f"{base.run}/{cell.regime}"
    plain = _config_of(base, cell, arm=False)
    config = _config_of(base, cell, arm=True)
    data = f"{root}/draw-{config.data.draw}/data{_mark(config, plain, PREPARED)}"
    start = f"{root}/draw-{config.data.draw}/seed-{cell.seed}/warmup{_mark(config, plain, WARMED)}"
    common = stage_spec(config, "teacher") == stage_spec(plain, "teacher")
    yield Member(plain.model_copy(update={"run": data, "data": config.data}), data, data, data, owner=True)
    starting = {section: getattr(config, section) for section in STARTING}
    yield Member(plain.model_copy(update={"run": start, **starting}), data, start, start, owner=True)
    yield Member(config, data, start, start if common else config.run)


def _config_of(base: Config, cell: StudyCell, arm: bool) -> Config:
    """The config of a cell: the base, the regime over it, the arm over both if asked for, the pair."""
    mapping = base.model_dump(mode="json", exclude={"study"})
    mapping = _laid(mapping, base.study.regimes.get(cell.regime, {}), f"study.regimes.{cell.regime}")
    if arm:
        mapping = _laid(mapping, base.study.arms[cell.arm], f"study.arms.{cell.arm}")
    mapping |= {"run": cell.run(base.run), "seed": cell.seed}
    # with all labels there is nothing to draw: one set of scenes serves all draws
    mapping["data"]["draw"] = 0 if mapping["data"]["labelled"] == "all" else cell.draw
    return check_config(mapping)


def _laid(mapping: dict[str, Any], overlay: Mapping[str, Any], where: str) -> dict[str, Any]:
    for key in FIXED:
        section, _, leaf = key.partition(".")
        value = overlay.get(section)
        if section in overlay and (not leaf or (isinstance(value, dict) and leaf in value)):
            raise UsageError("cannot differ between runs of a study", f"{where}.{key}")
    laid = overlaid(mapping, overlay)
    try:
        check_config(laid)
    except UsageError as error:
        raise UsageError(error.what, f"{where}.{error.where}", error.hint) from None
    return laid


def overlaid(mapping: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """One config laid over another, as `--configfile` does it; options of a plug-in that is exchanged are left out."""
    below = dict(mapping)
    for section, (key, _) in PLUGIN_KEYS.items():
        old, new = below.get(section), overlay.get(section)
        if isinstance(old, Mapping) and isinstance(new, Mapping) and new.get(key, old.get(key)) != old.get(key):
            below[section] = {**old, "options": {}}
    return _merged(below, overlay)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return merged


def _mark(config: Config, plain: Config, stages: tuple[str, ...]) -> str:
    """Empty where the stages are those of all arms, else a hash of what they depend on."""
    mine, common = ("\n".join(stage_spec(c, stage) for stage in stages) for c in (config, plain))
    return "" if mine == common else f"-{hashlib.sha256(mine.encode()).hexdigest()[:6]}"


def _check_arms(names: Iterable[str], arms: Collection[str], where: str) -> None:
    for name in names:
        if name not in arms:
            raise UsageError(f"unknown arm {name!r}{nearest(name, arms)}", where)
