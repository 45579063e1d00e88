"""Options of the datasets, by name; `hdrpipe.datasets` holds the datasets themselves."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator

from hdrpipe.config.spec import Spec

TruthScale = Literal["auto", "min-ev", "raw-ev", "reference"]
"""Radiance 1 of a truth file: clipping of the shortest frame (`min-ev`), of a frame of EV 0 (`raw-ev`), of the
reference (`reference`); `auto` takes the one that agrees with the reference frame."""


NoiseFactor = Annotated[float, Field(ge=0, le=100)]
"""Noise variance over that of a standard camera."""

CameraName = Literal["plain", "s-curve", "shoulder", "white", "jpeg", "phone", "varied"]
"""Camera of rendered bursts: unprocessed with gamma 2.2 (`plain`); 8 bits with an S-curve, with a soft shoulder, with
white at code 248, as JPEG, with all of that (`phone`); another one in each scene (`varied`)."""


class LocalOptions(Spec):
    """Base of the options of a dataset in a folder."""

    root: str = Field(description="Folder of the data.")
    truth_scale: TruthScale = Field(
        default="auto",
        description="What radiance 1 of a truth file is: the shortest frame clips (`min-ev`), a frame of EV 0 "
        "clips (`raw-ev`), the reference clips (`reference`); `auto` takes what agrees with the reference frame.",
    )


class Challenge123Options(LocalOptions):
    """Location of the data; the split is the official one."""

    root: str = Field(default="data/challenge123", description="Folder that holds `Training` and `Test`.")
    all_combinations: bool = Field(
        default=False,
        description="Training bursts from all six orders of the moments (`001-213`: frame 1 of moment 2, ...).",
    )


class FolderOptions(LocalOptions):
    """Location of the bursts, and those of them that are for tests."""

    root: str = Field(default="data/own", description="Folder that is searched for bursts, with all folders below.")
    test: tuple[str, ...] = Field(
        default=(), description="Patterns (`*`, `?`) of names of test scenes, beside those below a folder `test`."
    )
    skip: tuple[str, ...] = Field(default=(), description="Patterns of names of scenes that are left out.")
    truth: tuple[str, ...] = Field(
        default=(),
        description="Patterns of names of truth files (`gt.hdr`, `*_label.exr`), beside `HDRImg.*`, `hdr_img.*` and "
        "`ref_hdr*`; they go first.",
    )


class Hu20Options(LocalOptions):
    """Location of the data; the split is the official one, by the numbers of the scenes."""

    root: str = Field(default="data/hu20", description="Folder of the scenes 001 to 100.")


class Kalantari17Options(LocalOptions):
    """Location of the data; the split is the official one."""

    root: str = Field(default="data/kalantari17", description="Folder that holds `Training` and `Test`.")


class Ntire21Options(LocalOptions):
    """Location of the data, and those samples that are for tests: the challenge keeps the truth of its own."""

    root: str = Field(default="data/ntire21", description="Folder that is searched for samples, with all below.")
    truth_scale: TruthScale = Field(default="reference", description="As elsewhere; here the medium frame clips at 1.")
    test: tuple[str, ...] = Field(
        default=(), description="Patterns (`*`, `?`) of names of test samples, beside those below a folder `test`."
    )
    skip: tuple[str, ...] = Field(default=(), description="Patterns of names of samples that are left out.")


class Tel23Options(LocalOptions):
    """Location of the data; the split is the official one."""

    root: str = Field(default="data/tel23", description="Folder that holds `Training` and `Test`.")


class RenderedOptions(Spec):
    """Base of the options of a rendered dataset; the first `source` scenes of the pool are the source domain."""

    size: int = Field(ge=32, le=512, description="Side of the square frames in pixels.")
    ev: tuple[Annotated[float, Field(ge=-12, le=12)], ...] = Field(
        default=(-2.0, 0.0, 2.0),
        min_length=2,
        max_length=9,
        description="Exposure values in stops, ascending; the middle is the reference.",
    )
    noise: NoiseFactor | Annotated[tuple[NoiseFactor, ...], Field(min_length=1)] = Field(
        default=1.0,
        description="Factor on the noise variance 4e-4 x + 2e-6 of linear x: another camera; of a list, each scene "
        "draws one: a camera at several sensitivities.",
    )
    camera: CameraName = Field(
        default="plain",
        description="Camera: `plain` has gamma 2.2 and 12 bits; the others write 8 bits with an S-curve, a soft "
        "`shoulder`, `white` at code 248, as `jpeg`, or all of that (`phone`); `varied` draws one for each scene, with "
        "noise of 1/16 to 4 times `noise` and 1.5 to 3.5 stops between the exposures.",
    )
    source: int = Field(
        default=0,
        ge=0,
        le=999,
        description="Number of pool scenes, the first ones, of the source domain, where labels are drawn; 0: all.",
    )
    source_noise: NoiseFactor | None = Field(
        default=None, description="`noise` of the source domain's camera; null: that of the others."
    )
    source_camera: CameraName | None = Field(
        default=None, description="`camera` of the source domain; null: that of the others."
    )
    source_motion: Literal["tripod", "handheld", "large-motion"] | None = Field(
        default=None, description="Motion of all scenes of the source domain; null: as in the others."
    )

    @field_validator("ev")
    @classmethod
    def _ascending(cls, ev: tuple[float, ...]) -> tuple[float, ...]:
        if not all(low < high for low, high in pairwise(ev)):
            raise ValueError("must ascend strictly")
        return ev


class PanoramaOptions(RenderedOptions):
    """Real panoramas; the split into train and test places is fixed, so that scores of different seeds compare."""

    pool: int = Field(
        default=48,
        ge=6,
        le=999,
        description="Scenes that training may draw from, labelled or not: the unlabelled budget.",
    )
    validation: int = Field(
        default=12,
        ge=0,
        le=999,
        description="Further views of the training places, for people who choose a recipe.",
    )
    test: int = Field(
        default=24,
        ge=6,
        le=999,
        description="Scenes of unseen places, the places in turn: the precision of a score.",
    )
    size: int = Field(
        default=256, ge=32, le=512, description="Side of the square frames in pixels; above 256 adds no detail."
    )


class LabAndFieldOptions(PanoramaOptions):
    """Panoramas and two cameras: a quiet one in a lab, for labels, and one with ten times its noise in the field."""

    noise: NoiseFactor | Annotated[tuple[NoiseFactor, ...], Field(min_length=1)] = Field(
        default=10.0, description="`noise` of the field's camera, which takes all scenes but those of the lab."
    )
    source: int = Field(default=12, ge=0, le=999, description="Number of pool scenes, the first ones, of the lab.")
    source_noise: NoiseFactor | None = Field(default=1.0, description="`noise` of the lab's camera.")


class ProceduralOptions(RenderedOptions):
    """Made panoramas: every third belongs to the test side."""

    panoramas: int = Field(default=6, ge=6, le=99, description="Places; a third of them only the test scenes see.")
    pool: int = Field(default=6, ge=1, le=999, description="Scenes that training may draw from, labelled or not.")
    validation: int = Field(default=2, ge=0, le=999, description="Further views of the training places.")
    test: int = Field(default=4, ge=1, le=999, description="Scenes of places that training does not see.")
    size: int = Field(default=64, ge=32, le=512, description="Side of the square frames in pixels.")


DATASET_OPTIONS: dict[str, type[Spec]] = {
    "challenge123": Challenge123Options,
    "folder": FolderOptions,
    "hu20": Hu20Options,
    "kalantari17": Kalantari17Options,
    "lab_and_field": LabAndFieldOptions,
    "ntire21": Ntire21Options,
    "panorama": PanoramaOptions,
    "procedural": ProceduralOptions,
    "tel23": Tel23Options,
}
