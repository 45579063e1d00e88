"""Wide overview picture of one unlabelled scene: burst, pseudo label, sigma, both masks and the training target."""

import io

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from hdrpipe.files.product.hdf5 import Product
from hdrpipe.files.product.shards import Shards
from hdrpipe.imaging.previews import Rgb, levels, mask_picture, shown_exposures, veiled
from hdrpipe.imaging.tonemap import display, heat
from hdrpipe.masking.strategy import spread
from hdrpipe.report.gallery import heat_top
from hdrpipe.report.tables import percent

WIDTH, DPI = 1600, 100
"""Width of the picture in pixels, and pixels per inch."""

GAP, MARGIN, HEAD, FOOT = 14, 16, 36, 36
"""Pixels between the pictures, around them, above and below them."""

TARGET_COVERAGE = 0.75
"""Coverage of the patch level that the scene shown should be closest to."""

Box = tuple[float, float, float, float]
"""Left, bottom, width and height in pixels."""


def strip_png(scenes: Shards, labels: Shards, masks: Shards) -> bytes:
    """PNG, 1600 pixels wide, of the representative unlabelled scene."""
    scene = representative_scene(masks)
    inputs = _inputs(scenes.of(scene), scene)
    panels = _panels(scene, labels.of(scene), masks.of(scene))
    # the exposures are stacked in one column, which is as high as one panel
    columns = len(panels) + 1 / len(inputs)
    width = (WIDTH - 2 * MARGIN - GAP * len(panels)) / columns
    height = width * inputs[0].shape[0] / inputs[0].shape[1]
    with matplotlib.rc_context({"font.family": "sans-serif", "font.size": 12}):
        figure = Figure(figsize=(WIDTH / DPI, round(height + HEAD + FOOT) / DPI), dpi=DPI, facecolor="white")
        narrow, low = width / len(inputs), height / len(inputs)
        for row, rgb in enumerate(inputs):
            _add_picture(figure, rgb, (MARGIN, FOOT + height - (row + 1) * low, narrow, low), "", "")
        _title(figure, "Burst", MARGIN, FOOT + height)
        for index, (title, note, rgb) in enumerate(panels):
            left = MARGIN + narrow + GAP + index * (width + GAP)
            _add_picture(figure, rgb, (left, FOOT, width, height), title, note)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def representative_scene(masks: Shards) -> str:
    """Name of the scene whose patch coverage is closest to TARGET_COVERAGE, so that both mask levels are visible."""

    def distance(scene: str) -> float:
        return abs(float(masks.of(scene).scene_attributes(scene)["keep_rate_patch"]) - TARGET_COVERAGE)

    return min(masks.scenes, key=lambda scene: (distance(scene), scene))


def _inputs(product: Product, scene: str) -> list[Rgb]:
    frames, reference = product.field(scene, "ldr"), int(product.scene_attributes(scene)["reference"])
    return [levels(frames[index]) for index in shown_exposures(frames.shape[0], reference)]


def _panels(scene: str, labels: Product, masks: Product) -> list[tuple[str, str, Rgb]]:
    """(title, note, picture) of each panel."""
    label, sigma = display(labels.read(scene, "pseudo_label").astype(np.float32)), labels.read(scene, "sigma")
    pixels, top, rates = masks.read(scene, "pixel_mask"), heat_top([sigma]), masks.scene_attributes(scene)
    patches = spread(masks.read(scene, "patch_mask"), pixels.shape)
    return [
        ("Pseudo label", "the teacher's radiance", label),
        ("Uncertainty", f"sigma, 0 (black) to {top:.2g} (bright)", heat(sigma, top)),
        ("Patch mask", f"{percent(rates['keep_rate_patch'])} trusted (light)", mask_picture(patches)),
        ("Pixel mask", f"{percent(rates['keep_rate_pixel'])} trusted (light)", mask_picture(pixels)),
        (
            "Training target",
            f"{percent(rates['keep_rate'])} kept, the rest veiled",
            veiled(label, masks.read(scene, "weight")),
        ),
    ]


def _add_picture(figure: Figure, rgb: Rgb, box: Box, title: str, note: str) -> None:
    """Draw a picture into a box of the figure, its title above and its note below."""
    height = figure.get_figheight() * DPI
    axes = figure.add_axes((box[0] / WIDTH, box[1] / height, box[2] / WIDTH, box[3] / height))
    axes.imshow(rgb, interpolation="lanczos" if len(np.unique(rgb)) > 8 else "nearest", aspect="auto")
    axes.axis("off")
    _title(figure, title, box[0], box[1] + box[3])
    figure.text(box[0] / WIDTH, (box[1] - 9) / height, note, ha="left", va="top", fontsize=10.5, color="#4a5260")


def _title(figure: Figure, text: str, left: float, top: float) -> None:
    corner = left / WIDTH, (top + 9) / (figure.get_figheight() * DPI)
    figure.text(*corner, text, ha="left", va="bottom", fontsize=13, fontweight="bold", color="#151a21")
