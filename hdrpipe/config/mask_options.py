"""Options of the mask strategies, by name; `hdrpipe.masking` holds the strategies themselves."""

from typing import ClassVar, Literal

from pydantic import Field

from hdrpipe.config.spec import Spec


class MaskOptions(Spec):
    """Base of the options of a mask strategy, with the inputs that the strategy needs beside sigma."""

    needs_truth: ClassVar[bool] = False
    """True for a strategy that reads the truth of unlabelled scenes."""
    needs_frames: ClassVar[bool] = False
    """True for a strategy that reads the frames of all scenes."""
    needs_risk: ClassVar[bool] = False
    """True for a strategy that reads the measured risk of the labels (`teacher.risk`)."""


class CalibratedOptions(MaskOptions):
    """Settings of the calibrated masks."""

    risk_patch: float = Field(
        default=0.8, gt=0, lt=1, description="Fraction of the squared error that the trusted patches may hold."
    )
    risk_pixel: float = Field(
        default=0.4, gt=0, lt=1, description="Fraction of the squared error that the trusted pixels may hold."
    )
    control: Literal["conformal", "empirical"] = Field(
        default="conformal",
        description="`conformal` adds a margin for few labelled scenes; `empirical` takes their mean.",
    )


class MatchedOptions(MaskOptions):
    """Base of the options of strategies that trust as much as the paper's masks do, unless set otherwise."""

    coverage_patch: float | None = Field(
        default=None, gt=0, le=1, description="Fraction of the patches to trust; null: as the paper's masks."
    )
    coverage_pixel: float | None = Field(
        default=None, gt=0, le=1, description="Fraction of the pixels to trust; null: as the paper's masks."
    )


class MeasuredOptions(MaskOptions):
    """Settings of the masks by measured risk."""

    needs_risk: ClassVar[bool] = True

    rmse_patch: float = Field(
        default=0.02, gt=0, le=1, description="Largest error of a trusted patch, root mean square, mu-law domain."
    )
    rmse_pixel: float = Field(default=0.04, gt=0, le=1, description="Largest error expected of a trusted pixel.")


class OracleOptions(MatchedOptions):
    """Settings of the oracle masks."""

    needs_truth: ClassVar[bool] = True


class QuantileOptions(MaskOptions):
    """Settings of the quantile masks."""

    coverage_patch: float = Field(
        default=0.8, gt=0, le=1, description="Fraction of the patches to trust: those of smallest mean sigma."
    )
    coverage_pixel: float = Field(
        default=0.8, gt=0, le=1, description="Fraction of the pixels to trust: those of smallest sigma."
    )
    widen: float = Field(
        default=0.0, ge=0, le=1, description="Added to both fractions with each round, up to 1: a curriculum."
    )
    patch_scope: Literal["dataset", "image"] = Field(
        default="dataset", description="Fraction of the patches of all unlabelled scenes, or of each scene."
    )
    pixel_scope: Literal["dataset", "image", "patch"] = Field(
        default="dataset", description="Fraction of the pixels of all unlabelled scenes, of each scene, of each patch."
    )


class RandomOptions(MatchedOptions):
    """Settings of the random masks."""

    seed: int = Field(default=0, ge=0, description="Seed of the masks, beside the name of the scene.")


class SimilarityOptions(MaskOptions):
    """Settings of the similarity masks."""

    needs_frames: ClassVar[bool] = True

    coverage_patch: float = Field(
        default=0.8, gt=0, le=1, description="Fraction to trust of the patches in which the reference shows anything."
    )
    coverage_pixel: float = Field(
        default=0.8, gt=0, le=1, description="Fraction to trust of the pixels where the reference is well exposed."
    )


class SoftOptions(MaskOptions):
    """Settings of the soft weights."""

    half_patch: float = Field(default=0.8, gt=0, le=1, description="Fraction of the patches that weigh 1/2 or more.")
    half_pixel: float = Field(default=0.8, gt=0, le=1, description="Fraction of the pixels that weigh 1/2 or more.")


class ThresholdOptions(MaskOptions):
    """Settings of the paper's masks."""

    tau_patch: float = Field(
        default=0.4, gt=0, le=1, description="Patches with a normalised mean sigma below this are trusted."
    )
    tau_pixel: float = Field(
        default=0.4, gt=0, le=1, description="Pixels with a normalised sigma below this are trusted."
    )
    patch_scope: Literal["dataset", "image", "crop"] = Field(
        default="dataset",
        description="Min and max of the patch scores over all unlabelled scenes, a scene, or a tile of 128 pixels.",
    )
    pixel_scope: Literal["patch", "image"] = Field(
        default="patch", description="Min and max of the pixel scores over their patch, or over the scene."
    )


MASK_OPTIONS: dict[str, type[MaskOptions]] = {
    "calibrated": CalibratedOptions,
    "measured": MeasuredOptions,
    "oracle": OracleOptions,
    "quantile": QuantileOptions,
    "random": RandomOptions,
    "similarity": SimilarityOptions,
    "soft": SoftOptions,
    "threshold": ThresholdOptions,
}
