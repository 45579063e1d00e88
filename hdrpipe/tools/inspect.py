"""Command `inspect`: contents of a product or a weights file, as text or CSV."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from hdrpipe.config.documents import from_json
from hdrpipe.errors import DamagedError, UsageError
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.files.product.hdf5 import Product, open_product

LISTED = 24
"""Most scenes in a table; the number of further ones follows below it."""

STATISTICS = ("min", "median", "mean", "p99", "max")

Row = dict[str, Any]
Result = TypeVar("Result")


def statistics(array: NDArray) -> dict[str, float]:
    """Minimum, median, mean, 99th percentile and maximum of an array."""
    values = array.astype(np.float32, copy=False)
    median, high = np.percentile(values, (50, 99))
    numbers = (values.min(), median, values.mean(dtype=np.float64), high, values.max())
    return {name: float(number) for name, number in zip(STATISTICS, numbers, strict=True)}


def field_rows(product: Product, scenes: Sequence[str]) -> Iterator[Row]:
    """One row of statistics for each field of each scene."""
    for scene in scenes:
        for name, field in product.schema.fields.items():
            if product.has(scene, name):
                array = product.read(scene, name)
                shape = " x ".join(map(str, array.shape))
                identity = {"scene": scene, "field": name, "type": str(array.dtype), "shape": shape, "unit": field.unit}
                yield {**identity, **statistics(array)}


def picked(product: Product, scene: str | None) -> tuple[str, ...]:
    """Names of all scenes, or of the one asked for.

    Raises:
        UsageError: the product has no such scene; the message names some that it has.
    """
    if scene is None or scene in product.scenes:
        return product.scenes if scene is None else (scene,)
    names = ", ".join(product.scenes[:5]) + (", ..." if len(product.scenes) > 5 else "")
    raise UsageError(f"there is no scene {scene!r} in this product", product.path, f"it has {names}")


def csv_text(path: Path, scene: str | None) -> str:
    """The rows of `field_rows` as CSV."""
    with open_product(path, None) as product:
        rows = list(field_rows(product, picked(product, scene)))
    buffer = io.StringIO()
    writer = csv.DictWriter(
        buffer, ["scene", "field", "type", "shape", "unit", *STATISTICS], extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows({key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    return buffer.getvalue()


def describe(path: Path, scene: str | None) -> str:
    """Description of a product: head, fields with their ranges, scenes with their attributes, provenance."""
    with open_product(path, None) as product:
        scenes = picked(product, scene)
        rows = list(field_rows(product, scenes))
        blocks = [head(product), _fields(product, rows), _scenes(product, scenes, rows), provenance(product)]
    return "\n\n".join(block for block in blocks if block)


def head(product: Product) -> str:
    """First paragraph: file, kind, scenes, size, attributes, hash."""
    size = product.path.stat().st_size / 1e6
    lines = [
        str(product.path),
        f"{product.kind} version {product.schema.version}, made by the rule '{product.schema.rule}',"
        f" {len(product.scenes)} scenes, {size:.1f} MB, every checksum holds",
    ]
    lines += [f"{name}: {_short(value)}" for name, value in product.attributes.items()]
    return "\n".join([*lines, f"content: {_short(product.content_hash)}"])


def provenance(product: Product) -> str:
    """Origin of the product, from the file itself; time, memory and device from its sidecar."""
    beside = sidecar(product.path)
    made = beside if beside.get("content_hash") == product.content_hash else {}
    return read_provenance(product, lambda origin: _made(origin, made))


def read_provenance(product: Product, use: Callable[[dict[str, Any]], Result]) -> Result:
    """Result of `use` on the provenance of a product; DamagedError if that is not what hdrpipe writes."""
    try:
        return use(from_json(product.provenance))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise DamagedError(f"its provenance cannot be read ({type(error).__name__})", product.path) from None


def _made(recorded: dict[str, Any], beside: dict[str, Any]) -> str:
    """Text of the provenance in a file (`recorded`) and of the sidecar that belongs to it (`beside`)."""
    if not recorded:
        return "made by: not recorded"
    code = recorded["code"] or "not recorded"
    lines = [f"made by: {recorded['stage']}, code {code}, {_pairs(recorded['versions'])}"]
    if beside:
        took = f"{beside.get('seconds', 0):.1f} s, {beside.get('peak_mib')} MiB, {beside.get('device', 'CPU')}"
        lines.append(f"made on: {beside.get('started')}, {took}")
    lines += [f"settings: {json.dumps(recorded['spec'], sort_keys=True)}"] if recorded["spec"] else []
    lines += [f"from: {name} {_short(digest)}" for name, digest in recorded["inputs"].items()]
    return "\n".join(lines)


def _fields(product: Product, rows: Sequence[Row]) -> str:
    """Table of the fields: type, shapes, unit, and range over the scenes."""
    lines = []
    for name, field in product.schema.fields.items():
        scenes = [row for row in rows if row["field"] == name]
        if scenes:
            shapes = list(dict.fromkeys(row["shape"] for row in scenes))
            numbers = (
                min(r["min"] for r in scenes),
                np.mean([r["mean"] for r in scenes]),
                max(r["max"] for r in scenes),
            )
            shape = shapes[0] + (f" and {len(shapes) - 1} more" if len(shapes) > 1 else "")
            lines.append([name, scenes[0]["type"], shape, field.unit, *(f"{number:.4g}" for number in numbers)])
    headings = ["field", "type", "shape", "unit", "min", "mean", "max"]
    return tabulate(lines, headings, tablefmt="simple", disable_numparse=True)


def _scenes(product: Product, scenes: Sequence[str], rows: Sequence[Row]) -> str:
    """Table of the scenes: their plain attributes, the mean of the default field of viewers, the noise of bursts."""
    main = product.schema.default
    means = {row["scene"]: row["mean"] for row in rows if row["field"] == main}
    plain = [name for name, a in product.schema.scene_attributes.items() if name not in ("sources", "alignment") and a]
    lines = [
        [
            scene,
            f"{means[scene]:.4g}",
            *(_value(product.scene_attributes(scene)[name]) for name in plain),
            *_noise(product, scene),
        ]
        for scene in scenes[:LISTED]
    ]
    headings = ["scene", f"mean {main}", *plain, *(["noise"] if product.kind == "scenes" else [])]
    table = tabulate(lines, headings, tablefmt="simple", disable_numparse=True)
    more = len(scenes) - LISTED
    return table + (f"\n... and {more} more scenes (--csv lists all)" if more > 0 else "")


def _noise(product: Product, scene: str) -> list[str]:
    """Noise level of a burst as taken, in a list; an empty list for other products."""
    if product.kind != "scenes":
        return []
    # OpenCV, which no other product needs
    from hdrpipe.imaging.burst import unit_floats
    from hdrpipe.imaging.noise_level import crops_of, level_alone

    ldr = product.field(scene, "ldr")
    level = level_alone([unit_floats(ldr[(..., *crop)]) for crop in crops_of(*ldr.shape[-2:])])
    return ["-" if level is None else f"x {level:.2g}"]


def describe_weights(path: Path) -> str:
    """Description of a weights file: its header, its tensors, and its provenance."""
    from hdrpipe.files.weights import load_weights

    tensors, metadata = load_weights(path)
    count = sum(tensor.numel() for tensor in tensors.values())
    lines = [str(path), f"weights, {len(tensors)} tensors, {count} numbers, every checksum holds"]
    lines += [f"{key}: {_short(value)}" for key, value in sorted(metadata.items())]
    rows = [[name, " x ".join(map(str, t.shape)) or "1", str(t.dtype)] for name, t in sorted(tensors.items())]
    beside = sidecar(path)
    made = beside if beside.get("content_hash") == metadata["content_hash"] else {}
    table = tabulate(rows, ["tensor", "shape", "type"], tablefmt="simple")
    return "\n\n".join(["\n".join(lines), table, _made(made, made)])


def _value(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_value(item) for item in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _pairs(mapping: dict[str, str]) -> str:
    return " ".join(f"{name} {version}" for name, version in sorted(mapping.items()))


def _short(value: Any) -> str:
    text = json.dumps(value) if isinstance(value, dict) else str(value)
    return text[:19] + "..." if text.startswith("sha256:") else text
