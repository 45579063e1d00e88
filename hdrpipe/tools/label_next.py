"""Command `label-next`: unlabelled scenes whose truth would help most, by uncertainty and diversity.

Greedy choice: the score of a scene is its mean sigma, relative to the largest, times its distance to the nearest scene
that is labelled or already picked, relative to the largest distance. The distance is Euclidean between small pictures
of the pseudo labels after the mu-law, so that of two views of one place only one is picked.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hdrpipe.errors import InputError
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.product.shards import Shards
from hdrpipe.imaging.tonemap import display, heat, mu_law
from hdrpipe.report.sheet import Tile, sheet_png

SIDE = 8
"""Side in pixels of the small pictures between which distances are measured."""

COLUMNS = 4


@dataclass(frozen=True)
class Pick:
    """A scene to label: mean sigma, the same relative to the largest (`doubt`), relative distance, and group."""

    scene: str
    sigma: float
    doubt: float
    distance: float
    group: str


def ranked(doubts: NDArray, features: NDArray, labelled: NDArray, count: int) -> list[tuple[int, float, float]]:
    """Greedy order of scenes: (index, doubt, distance), the last two relative to their largest, in [0, 1].

    Args:
        doubts: (n,) mean sigma of each scene, > 0.
        features: (n, d) feature vector of each scene.
        labelled: (m, d) those of the scenes that are labelled already; may be empty.
        count: how many to pick, at most n.
    """
    doubt = doubts / max(float(doubts.max()), 1e-12)
    nearest = np.full(len(doubts), np.inf)
    for feature in labelled:
        nearest = np.minimum(nearest, np.linalg.norm(features - feature, axis=1))
    picked: list[tuple[int, float, float]] = []
    left = set(range(len(doubts)))
    while left and len(picked) < count:
        scale = max(nearest[list(left)].max(), 1e-12)
        distance = np.ones(len(doubts)) if np.isinf(scale) else nearest / scale
        best = max(left, key=lambda k: (doubt[k] * distance[k], doubt[k], -k))
        picked.append((best, float(doubt[best]), float(distance[best])))
        left.remove(best)
        nearest = np.minimum(nearest, np.linalg.norm(features - features[best], axis=1))
    return picked


def last_round(folder: Path) -> Path:
    """The newest round of a run that has uncertainty maps of unlabelled and of labelled scenes.

    Raises:
        InputError: there is none yet.
    """
    maps = folder.glob("round-*/uncertainty-*.h5")
    rounds = sorted({path.parent for path in maps if path.with_name("labelled.h5").is_file()})
    if not rounds:
        raise InputError(
            "this run has no uncertainty maps of all scenes yet", folder, "run it up to the masks of round 1"
        )
    return rounds[-1]


def picks(folder: Path, count: int) -> tuple[list[Pick], bytes]:
    """Scenes to label next, from the newest round of a run, and a contact sheet of their pictures (PNG)."""
    round_folder = last_round(folder)
    with ExitStack() as stack:
        labels = Shards(sorted(round_folder.glob("uncertainty-*.h5")), "uncertainty", stack)
        labelled = stack.enter_context(open_product(round_folder / "labelled.h5", "uncertainty"))
        features = np.stack([_feature(labels.of(s).read(s, "pseudo_label")) for s in labels.scenes])
        doubts = np.array([float(labels.of(s).read(s, "sigma").mean()) for s in labels.scenes])
        seen = np.stack([_feature(labelled.read(s, "pseudo_label")) for s in labelled.scenes])
        groups = _groups(folder, stack)
        selected = [
            Pick(labels.scenes[k], float(doubts[k]), doubt, distance, groups.get(labels.scenes[k], ""))
            for k, doubt, distance in ranked(doubts, features, seen, count)
        ]
        title = f"What to label next: {folder}, {round_folder.name}"
        return selected, sheet_png(title, _tiles(selected, labels), COLUMNS)


def _feature(radiance: NDArray) -> NDArray:
    """Feature vector of a scene: its picture after the mu-law, reduced to SIDE x SIDE pixels."""
    tonemapped = mu_law(radiance.astype(np.float32)).transpose(1, 2, 0)
    return cv2.resize(tonemapped, (SIDE, SIDE), interpolation=cv2.INTER_AREA).ravel()


def _groups(folder: Path, stack: ExitStack) -> dict[str, str]:
    pool = Shards(sorted((folder / "scenes").glob("unlabelled-[0-9]*.h5")), "scenes", stack)
    return {scene: str(pool.of(scene).scene_attributes(scene)["group"]) for scene in pool.scenes}


def _tiles(selected: list[Pick], labels: Shards) -> list[Tile]:
    tiles = []
    for rank, pick in enumerate(selected, 1):
        product = labels.of(pick.scene)
        sigma = product.read(pick.scene, "sigma")
        picture = display(product.read(pick.scene, "pseudo_label").astype(np.float32))
        top = float(np.percentile(sigma, 99))
        tiles += [
            Tile(f"{rank}. {pick.scene}", f"{pick.group}; mean sigma {pick.sigma:.3g}", picture),
            Tile("sigma", f"black 0, bright {top:.2g} (mu-law)", heat(sigma, top)),
        ]
    return tiles
