"""What a study compares: the part of the config that `snakemake study` reads. `hdrpipe.runs` makes runs of it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Spec(BaseModel):
    """Base of all specs of the config: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class StudyTier(Spec):
    """Arms of a study that run together."""

    arms: tuple[str, ...] = Field(default=(), description="Names of arms.")
    pairs: tuple[tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]], ...] = Field(
        default=(), description="Repetitions, each a label draw and a seed."
    )


class StudySpec(Spec):
    """Arms x (label draw, seed) pairs x regimes, each a run of its own; `snakemake study` runs and compares them."""

    arms: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Name of an arm -> the keys of this config that it sets otherwise."
    )
    regimes: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="Name of a regime -> the keys of this config that it sets otherwise."
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
