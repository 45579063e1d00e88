"""The sections of a config; `hdrpipe.config.load` puts them together.

The defaults are the main job's but for its dataset, `match` and `compare`, which belong to what it shows.
A key stands here only where a study arm or the paper's profile sets it otherwise; what is always the same is a
constant beside the code that uses it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import BeforeValidator, Field, SerializeAsAny, field_validator, model_validator

from hdrpipe.config import plugins
from hdrpipe.config.mask_options import MaskOptions
from hdrpipe.config.spec import Spec


def _number(value: object) -> object:
    """A number that Snakemake's `--config` handed on as a string."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


class PluginSpec(Spec):
    """Base of the sections that name a plug-in and hold its options, as the class of that plug-in."""

    section: ClassVar[str]
    wing: ClassVar[str]
    key: ClassVar[str]
    """Name of the section, room of its plug-ins, key that names one."""

    @model_validator(mode="before")
    @classmethod
    def _typed_options(cls, mapping: Any) -> Any:
        if not isinstance(mapping, Mapping):
            return mapping
        given = cast(Mapping[str, Any], mapping)
        name = given.get(cls.key, cls.model_fields[cls.key].default)
        if not isinstance(name, str):
            return given
        return {**given, "options": plugins.options(cls.wing, name, given.get("options", {}), cls.section, cls.key)}


class DataSpec(PluginSpec):
    """Scenes, and which of them keep their truth."""

    section, wing, key = "data", "datasets", "dataset"

    dataset: str = Field(default="panorama", description="A file of `hdrpipe/datasets`, or the path of a Python file.")
    options: SerializeAsAny[Spec] = Field(default=Spec(), description="Options of that dataset.")
    seed: int = Field(default=0, ge=0, description="Seed of the rendering or of any other choice of scenes.")
    labelled: Annotated[
        Annotated[int, Field(ge=1, strict=True)] | Literal["all"] | tuple[str, ...], BeforeValidator(_number)
    ] = Field(default=5, description="Number of pool scenes that keep their truth, `all`, or a list of their names.")
    draw: int = Field(default=0, ge=0, description="Seed of the label draw: which pool scenes keep their truth.")
    align: Literal["none", "mtb", "homography", "dis"] = Field(
        default="dis",
        description="Alignment to the reference: none, one shift (MTB), one projective map, or dense flow (DIS).",
    )
    shards: int = Field(
        default=1, ge=1, le=1000, description="Jobs of `prepare`, and files per split of the scenes; changes no array."
    )


class ModelSpec(PluginSpec):
    """The network, and the meaning of its output layer."""

    section, wing, key = "model", "models", "backbone"

    backbone: str = Field(default="merge_net", description="A file of `hdrpipe/models`, or the path of a Python file.")
    options: SerializeAsAny[Spec] = Field(default=Spec(), description="Options of that backbone.")
    output: Literal["merge", "sigmoid"] = Field(
        default="merge",
        description="`merge`: weights of the exposures and a residual; `sigmoid`: radiance (the paper).",
    )


class LossSpec(Spec):
    """The uncertainty loss L^k and the perceptual loss L^v beside the reconstruction loss L^r."""

    judge_gradient: Literal["detach", "joint", "beta"] = Field(
        default="detach", description="L^k moves sigma alone, the prediction too (`joint`, the paper), or is beta-NLL."
    )
    judge_weight: float = Field(default=2e-4, ge=0, le=10, description="Weight of L^k (1 in the paper).")
    judge_domain: Literal["mu-law", "linear"] = Field(
        default="mu-law", description="Errors that sigma is the deviation of; `linear`: of radiance."
    )
    judge_samples: Literal["all", "labelled"] = Field(
        default="all", description="Whose errors the judge learns from: pseudo labels too, or true labels alone."
    )
    judge_folds: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Folds of the labelled scenes; the judge learns held-out errors; 0: its own.",
    )
    masked_mean: Literal["kept", "all"] = Field(
        default="kept", description="Whether a masked mean divides by the pixels that are kept, or by all."
    )
    perceptual_weight: float = Field(default=0.0, ge=0, le=10, description="Weight of L^v; 0: without.")
    vgg_weights: str | None = Field(
        default=None, description="File of VGG16 (public names) for L^v; without, gradients and 1 - SSIM."
    )


class TrainingSpec(Spec):
    """One training job."""

    steps: int = Field(default=600, ge=1, description="Optimizer steps.")
    batch: int = Field(default=4, ge=1, description="Labelled crops in a step.")
    crop: int = Field(default=64, ge=16, multiple_of=8, description="Side of a training crop in pixels.")
    lr: float = Field(default=2e-3, gt=0, le=1, description="Learning rate of Adam at the start.")
    schedule: Literal["cosine", "halving"] = Field(
        default="cosine",
        description="Learning rate over the steps: `cosine` to zero, or `halving` every `halve_every`.",
    )
    halve_every: int = Field(default=1000, ge=1, description="Steps between two halvings (`schedule: halving`).")
    precision: Literal["fp32", "bf16"] = Field(default="fp32", description="Of the body; sigma, losses: fp32.")


class WarmupSpec(TrainingSpec):
    """The warm-up, round 0."""

    weights: str = Field(
        default="",
        description="Weights file that it starts from (`hdrpipe weights import`, or a student); empty: fresh weights.",
    )


class StudentSpec(TrainingSpec):
    """The student of one round."""

    steps: int = Field(default=300, ge=1, description="Optimizer steps of each round.")
    lr: float = Field(default=5e-4, gt=0, le=1, description="Learning rate of Adam at the start of each round.")
    init: Literal["continue", "warmup", "scratch"] = Field(
        default="continue", description="Start from the student of the round before, from the warm-up, or from nothing."
    )
    labelled_augmentation: Literal["weak", "strong", "corrupted", "rerendered"] = Field(
        default="weak", description="Of labelled crops; as below, `rerendered` from the truth."
    )
    unlabelled_augmentation: Literal["strong", "corrupted", "rerendered"] = Field(
        default="strong",
        description="Of unlabelled crops; `corrupted` adds noise, ghosts, lost frames; `rerendered` takes the frames "
        "anew, from the pseudo label at half its size.",
    )
    unlabelled_batch: int = Field(
        default=4, ge=0, description="Unlabelled crops in a step; 0: labels alone, no teacher and no masks."
    )
    unlabelled_weight: float = Field(
        default=1.0, ge=0, le=100, description="Weight of the unlabelled losses (lambda_u)."
    )
    consistency_weight: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="Weight of the consistency losses where masks trust no pseudo label; 0: off.",
    )
    ema_decay: float = Field(
        default=0.999, ge=0, lt=1, description="Decay of the teacher, the moving average of the student."
    )


WEIGHTS = ".safetensors"
"""Ending of weights files."""


class TeacherSpec(Spec):
    """Teacher inference."""

    source: str = Field(
        default="average",
        description="`average`: moving average of the student; `denoised`: that classical merge, of aligned frames; a "
        "weights file (`*.safetensors`): that network, which reads aligned frames, too.",
    )
    average: Literal["none", "tta"] = Field(
        default="none", description="`tta`: labels are means over flips and permutations; their spread joins sigma."
    )
    risk: bool = Field(
        default=False,
        description="Measure the risk of each patch of the labels, without truth: a second inference, on more noise.",
    )
    shards: int = Field(default=1, ge=1, le=1000, description="Jobs and files per round; changes no array.")

    @field_validator("source")
    @classmethod
    def _check_source(cls, source: str) -> str:
        if source not in ("average", "denoised") and not source.endswith(WEIGHTS):
            raise ValueError(f"wanted average, denoised, or a weights file (*{WEIGHTS})")
        return source

    @property
    def weights(self) -> str:
        """Weights file of a network that labels instead of the run's own; empty for other sources."""
        return self.source if self.source.endswith(WEIGHTS) else ""


class MasksSpec(PluginSpec):
    """Pixels of the pseudo labels that the student learns from."""

    section, wing, key = "masks", "masking", "strategy"

    strategy: str = Field(default="threshold", description="A file of `hdrpipe/masking`, or the path of a Python file.")
    options: SerializeAsAny[MaskOptions] = Field(default=MaskOptions(), description="Options of that strategy.")
    level: Literal["none", "patch", "pixel", "bilevel"] = Field(default="bilevel", description="Levels in use.")


class MatchSpec(Spec):
    """Labelled bursts made like the unlabelled ones: noise and JPEG are added before alignment, the truth stays."""

    strategy: Literal["none", "noise", "blind"] = Field(
        default="none",
        description="`noise`: noise and JPEG quality are those of the unlabelled bursts; `blind`: drawn from `shot` "
        "and `quality`, the control.",
    )
    copies: int = Field(default=8, ge=1, le=99, description="Noisy copies of every labelled burst, each drawn anew.")
    shot: tuple[Annotated[float, Field(gt=0, le=1)], Annotated[float, Field(gt=0, le=1)]] = Field(
        default=(1e-4, 1e-2), description="`blind`: least and largest noise variance per unit of linear signal."
    )
    quality: tuple[Annotated[int, Field(ge=1, le=100)], Annotated[int, Field(ge=1, le=100)]] | None = Field(
        default=None, description="`blind`: least and largest JPEG quality of its copies; null: not compressed."
    )


class CrossfitSpec(Spec):
    """Held-out predictions of the labelled scenes, each by networks that have not learned from its truth."""

    folds: int = Field(
        default=0, ge=0, le=100, description="Folds of the labelled scenes, each a chain of trainings more; 0: without."
    )


class ChooseSpec(Spec):
    """The round that reports, `fuse` and `export` use."""

    rule: Literal["last", "selective-risk", "measured-risk"] = Field(
        default="last",
        description="Last round before the selective risk rises: held out (`crossfit`), or as `teacher.risk` measures.",
    )


ComparedArm = Literal["labels-alone", "matched", "all-labels"]
"""A training beside the run: its labels as they are, its labels matched to the unlabelled bursts, the truth of all."""


class StudyTier(Spec):
    """Arms of a study that run together."""

    arms: tuple[str, ...] = Field(default=(), description="Names of arms.")
    pairs: tuple[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]], ...] = Field(
        default=(), description="Repetitions, each a label draw and a seed."
    )


def _without_null(value: Any) -> Any:
    """A mapping without the entries that a later config file or `--config` (as a word) takes back: `name: null`."""
    if not isinstance(value, dict):
        return value
    return {name: entry for name, entry in value.items() if entry is not None and entry != "null"}


class StudySpec(Spec):
    """Arms x (label draw, seed) pairs x regimes, each a run of its own; `snakemake study` runs and compares them."""

    arms: Annotated[dict[str, dict[str, Any]], BeforeValidator(_without_null)] = Field(
        default_factory=dict,
        description="Name of an arm -> the keys of this config that it sets otherwise; null leaves the arm out.",
    )
    regimes: Annotated[dict[str, dict[str, Any]], BeforeValidator(_without_null)] = Field(
        default_factory=dict,
        description="Name of a regime -> the keys of this config that it sets otherwise; null leaves the regime out.",
    )
    core: StudyTier = Field(default=StudyTier(), description="Arms and pairs of the core tier.")
    exploratory: StudyTier = Field(default=StudyTier(), description="Further arms, on fewer pairs, marked so.")
    tier: Literal["core", "exploratory"] = Field(
        default="core", description="`exploratory` adds its arms to those of the core tier."
    )
    split: Literal["validation", "test"] = Field(
        default="validation", description="Scenes that score: `validation` to search, `test` to confirm."
    )
    against: tuple[str, ...] = Field(
        default=("supervised",), min_length=1, description="Arms that all are compared with; the first is the floor."
    )
    ceiling: str = Field(default="", description="Arm that bounds the gap to close; empty: none.")
