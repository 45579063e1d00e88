# The type stubs of pandas are too wide for scalars: errors of these kinds would all be false alarms.
# pyright: reportIndexIssue=false, reportAttributeAccessIssue=false, reportArgumentType=false, reportCallIssue=false
"""Picture galleries of the report: test scenes beside their truth, unlabelled scenes with pseudo label and masks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdrpipe.evaluation.uncertainty import error_map
from hdrpipe.files.product.hdf5 import Product
from hdrpipe.files.product.schema import network_frames
from hdrpipe.files.product.shards import Shards
from hdrpipe.imaging.burst import Burst
from hdrpipe.imaging.opencv_merge import mertens
from hdrpipe.imaging.previews import Rgb, levels, mask_picture, shown_exposures, veiled
from hdrpipe.imaging.tonemap import display, heat
from hdrpipe.masking.strategy import spread
from hdrpipe.quantities import Picture
from hdrpipe.report.embedded import Panel, drawing, photo
from hdrpipe.report.tables import Run, Score, percent

U16 = 65535
"""Scale of the stored frames."""

UNLABELLED = 6
"""Number of unlabelled scenes in the gallery, evenly spaced from the lowest to the highest coverage of the masks."""

TOP_PERCENTILE = 99.0
"""Percentile of error and sigma at which the colour scale ends, so that a few outliers do not darken the rest."""


@dataclass(frozen=True)
class Card:
    """One scene of a gallery; `top` is the value at the upper end of the colour scale of its maps, mu-law domain."""

    title: str
    facts: tuple[str, ...]
    panels: tuple[Panel, ...]
    top: float


def test_cards(run: Run, scenes: Shards, truths: Shards, predicted: Shards) -> list[Card]:
    """The worst, the median and the best test scene of each difficulty by PSNR-mu, the worst of all first."""
    order = [score.scene for score in worst_first(run)]
    return [
        _test_card(run, scene, f"{difficulty}: {rank}", scenes.of(scene), truths.of(scene), predicted.of(scene))
        for difficulty, rank, scene in sorted(picked_tests(run), key=lambda pick: order.index(pick[2]))
    ]


def worst_first(run: Run) -> list[Score]:
    """Scores of the chosen student, from the lowest PSNR-mu to the highest."""
    return sorted(run.of(run.student), key=lambda score: (score.psnr_mu, score.scene))


def picked_tests(run: Run) -> list[tuple[str, str, str]]:
    """(difficulty, rank, scene) of the test scenes to show; a scene of several ranks appears once."""
    picked: list[tuple[str, str, str]] = []
    for difficulty in run.difficulties:
        ranked = sorted(run.of(run.student, difficulty), key=lambda score: (score.psnr_mu, score.scene))
        names = [score.scene for score in ranked]
        ranks = {names[-1]: "best", names[len(names) // 2]: "median", names[0]: "worst"}
        picked += [(difficulty, ranks[name], name) for name in names if name in ranks]
    return picked


def unlabelled_cards(scenes: Shards, labels: Shards, masks: Shards) -> list[Card]:
    """Unlabelled scenes by increasing coverage of their masks, with one colour scale for all sigma maps."""
    picked = picked_unlabelled(masks, UNLABELLED)
    top = heat_top([labels.of(scene).read(scene, "sigma") for scene in picked])
    return [_unlabelled_card(scene, scenes.of(scene), labels.of(scene), masks.of(scene), top) for scene in picked]


def picked_unlabelled(masks: Shards, count: int) -> list[str]:
    """Names of `count` scenes (at most all), evenly spaced in the order of their masks' coverage."""
    ranked = sorted(masks.scenes, key=lambda scene: (keep_rate(masks, scene), scene))
    ranks = np.linspace(0, len(ranked) - 1, min(count, len(ranked))).round().astype(int)
    return [ranked[rank] for rank in ranks]


def keep_rate(masks: Shards, scene: str) -> float:
    """Coverage of a scene's masks: mean weight of its pixels, in [0, 1]."""
    return float(masks.attributes(scene)["keep_rate"])


def heat_top(planes: Sequence[NDArray]) -> float:
    """Upper end of a colour scale that these maps (H, W) have in common."""
    return float(max(np.percentile(plane, TOP_PERCENTILE) for plane in planes))


def alike(*pictures: Picture) -> list[Rgb]:
    """Pictures (3, H, W) of one size as display RGB (H, W, 3), all at one exposure, chosen for them together."""
    return np.split(display(np.concatenate(pictures, axis=2)), len(pictures), axis=1)


def _test_card(run: Run, scene: str, title: str, burst: Product, truths: Product, predicted: Product) -> Card:
    estimate = predicted.read(scene, "pseudo_label").astype(np.float32)
    truth, sigma = truths.read(scene, "radiance"), predicted.read(scene, "sigma")
    error = error_map(estimate, truth)
    top = heat_top([error, sigma])
    estimate_rgb, truth_rgb = alike(estimate, truth)
    panels = (
        *exposure_panels(burst, scene),
        photo("Prediction", "the student's radiance, tone-mapped", estimate_rgb),
        photo("Truth", "the true radiance at the same exposure", truth_rgb),
        photo("Error", "absolute error after the mu-law", heat(error, top)),
        photo("Sigma", "the student's predicted standard deviation", heat(sigma, top)),
        photo("Mertens fusion", "exposure fusion: a picture, not radiance", _fusion(burst, scene)),
    )
    return Card(title, _facts(run, scene), panels, top)


def _unlabelled_card(scene: str, burst: Product, labels: Product, masks: Product, top: float) -> Card:
    label = display(labels.read(scene, "pseudo_label").astype(np.float32))
    pixels = masks.read(scene, "pixel_mask")
    patches = spread(masks.read(scene, "patch_mask"), pixels.shape)
    rates = masks.scene_attributes(scene)
    panels = (
        *exposure_panels(burst, scene),
        photo("Pseudo label", "the teacher's radiance, tone-mapped", label),
        photo("Sigma", "the teacher's predicted standard deviation", heat(labels.read(scene, "sigma"), top)),
        drawing("Patch mask", "trusted patches are light", mask_picture(patches)),
        drawing("Pixel mask", "trusted pixels are light", mask_picture(pixels)),
        photo("Trained on", "pseudo label, veiled where masked out", veiled(label, masks.read(scene, "weight"))),
    )
    facts = (
        f"patch level keeps {percent(rates['keep_rate_patch'])}, pixel level {percent(rates['keep_rate_pixel'])}",
        str(burst.scene_attributes(scene)["difficulty"]),
        scene,
    )
    return Card(f"{percent(rates['keep_rate'])} kept", facts, panels, top)


def exposure_panels(product: Product, scene: str) -> list[Panel]:
    """Panels of the exposures as captured: the shortest, the reference and the longest."""
    attributes, frames = product.scene_attributes(scene), product.field(scene, "ldr")
    indices = shown_exposures(frames.shape[0], int(attributes["reference"]))
    return [
        photo(
            f"{attributes['ev'][index]:+g} EV" + (" (reference)" if index == attributes["reference"] else ""),
            f"exposure {index + 1} of {frames.shape[0]}",
            levels(frames[index]),
        )
        for index in indices
    ]


def _fusion(product: Product, scene: str) -> Rgb:
    attributes = product.scene_attributes(scene)
    ldr = network_frames(product, scene)[...].astype(np.float32) / U16
    fused = mertens(Burst(ldr=ldr, ev=tuple(attributes["ev"]), reference=int(attributes["reference"])))
    return np.ascontiguousarray(np.rint(fused * 255.0).astype(np.uint8).transpose(1, 2, 0))


def _facts(run: Run, scene: str) -> tuple[str, ...]:
    student, baseline = (
        next(score for score in run.of(method) if score.scene == scene) for method in (run.student, run.baseline)
    )
    gain = student.psnr_mu - baseline.psnr_mu
    return (f"PSNR-μ {student.psnr_mu:.2f} dB", f"{gain:+.2f} dB to the best classical merge", student.group, scene)
