"""Contact sheet of one scene for `inspect --png`: exposures, pseudo label, truth, sigma, error, masks."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from hdrpipe.errors import HdrpipeError
from hdrpipe.evaluation.uncertainty import error_map
from hdrpipe.files.product.hdf5 import Product, open_product
from hdrpipe.imaging.previews import Rgb, levels, mask_picture, shown_exposures, veiled
from hdrpipe.imaging.tonemap import display, heat
from hdrpipe.masking.strategy import spread
from hdrpipe.report.sheet import Tile, sheet_png
from hdrpipe.tools.inspect import picked

TOP_PERCENTILE = 99.0
"""Percentile of error and sigma at which the colour scale ends."""

COLUMNS = 4


def scene_png(path: Path, scene: str) -> bytes:
    """PNG of a scene of a product and of the other products of the run that contain it.

    Raises:
        UsageError: the product has no such scene.
    """
    with ExitStack() as stack:
        product = stack.enter_context(open_product(path, None))
        picked(product, scene)
        products = companions(product, scene, stack)
        return sheet_png(f"{scene} of {path}", list(_tiles(products, scene)), COLUMNS)


def companions(product: Product, scene: str, stack: ExitStack) -> dict[str, Product]:
    """Kind -> the product that contains this scene: itself, those of its folder, and those of the run's scenes/.

    Other products that cannot be read are left out.
    """
    products = {product.kind: product}
    folders = [product.path.parent, product.path.parent.parent / "scenes"]
    for path in (path for folder in folders for path in sorted(folder.glob("*.h5"))):
        try:
            other = stack.enter_context(open_product(path, None, verify=False))
            if scene in other.scenes:
                products.setdefault(other.kind, other)
        except HdrpipeError:
            continue
    return products


def _tiles(products: dict[str, Product], scene: str) -> Iterator[Tile]:
    if "scenes" in products:
        yield from _exposures(products["scenes"], scene)
    label = (
        products["uncertainty"].read(scene, "pseudo_label").astype(np.float32) if "uncertainty" in products else None
    )
    truth = products["truth"].read(scene, "radiance") if "truth" in products else None
    if label is not None:
        yield Tile("Pseudo label", "radiance, tone-mapped for display", display(label))
    if truth is not None:
        yield Tile("Truth", "radiance, tone-mapped for display", display(truth))
    if label is not None:
        yield from _maps(products["uncertainty"], scene, label, truth)
    if "masks" in products:
        yield from _masks(products["masks"], scene, None if label is None else display(label))


def _exposures(product: Product, scene: str) -> Iterator[Tile]:
    attributes, frames = product.scene_attributes(scene), product.field(scene, "ldr")
    for index in shown_exposures(frames.shape[0], int(attributes["reference"])):
        note = "reference" if index == attributes["reference"] else f"exposure {index + 1} of {frames.shape[0]}"
        yield Tile(f"{attributes['ev'][index]:+g} EV", note, levels(frames[index]))


def _maps(product: Product, scene: str, label: np.ndarray, truth: np.ndarray | None) -> Iterator[Tile]:
    """Sigma, and the error on the same scale where there is truth."""
    sigma = product.read(scene, "sigma")
    error = None if truth is None else error_map(label, truth)
    top = max(float(np.percentile(plane, TOP_PERCENTILE)) for plane in (sigma, error) if plane is not None)
    scale = f"black 0, bright {top:.2g} (mu-law)"
    yield Tile("Sigma", f"mean {sigma.mean():.3g}\n{scale}", heat(sigma, top))
    if error is not None:
        psnr = -20 * np.log10(max(float(np.sqrt(np.mean(np.square(error)))), 1e-9))
        yield Tile("Error", f"PSNR-mu {psnr:.2f} dB\n{scale}", heat(error, top))


def _masks(product: Product, scene: str, label: Rgb | None) -> Iterator[Tile]:
    attributes, pixels = product.scene_attributes(scene), product.read(scene, "pixel_mask")
    patches = spread(product.read(scene, "patch_mask"), pixels.shape)
    yield Tile("Patch mask", f"{100 * attributes['keep_rate_patch']:.0f} % trusted (light)", mask_picture(patches))
    yield Tile("Pixel mask", f"{100 * attributes['keep_rate_pixel']:.0f} % trusted (light)", mask_picture(pixels))
    if label is not None:
        picture = veiled(label, product.read(scene, "weight"))
        yield Tile("Learned from", f"{100 * attributes['keep_rate']:.0f} % kept, the rest veiled", picture)
