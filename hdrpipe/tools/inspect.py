"""What a file of a run holds, in words and numbers: products, weights, and two products side by side."""

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

SHOWN = 24
"""Scenes that a listing shows before it says how many more there are."""

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
    """A row of statistics for each field of each scene."""
    for scene in scenes:
        for name, field in product.schema.fields.items():
            if product.has(scene, name):
                array = product.read(scene, name)
                shape = " x ".join(map(str, array.shape))
                about = {"scene": scene, "field": name, "type": str(array.dtype), "shape": shape, "unit": field.unit}
                yield {**about, **statistics(array)}


def picked(product: Product, scene: str | None) -> tuple[str, ...]:
    """All scenes, or the one asked for.

    Raises:
        UsageError: there is no such scene; names some that are there.
    """
    if scene is None or scene in product.scenes:
        return product.scenes if scene is None else (scene,)
    known = ", ".join(product.scenes[:5]) + (", ..." if len(product.scenes) > 5 else "")
    raise UsageError(f"has no scene {scene!r}", product.path, f"it has {known}")


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


def told(path: Path, scene: str | None) -> str:
    """A product as people read it: head, fields with their ranges, scenes with their attributes, provenance."""
    with open_product(path, None) as product:
        scenes = picked(product, scene)
        rows = list(field_rows(product, scenes))
        parts = [head(product), _fields(product, rows), _scenes(product, scenes, rows), provenance(product)]
    return "\n\n".join(part for part in parts if part)


def head(product: Product) -> str:
    """One paragraph: file, kind, scenes, size, attributes, hash."""
    size = product.path.stat().st_size / 1e6
    lines = [
        str(product.path),
        f"{product.kind} version {product.schema.version}, made by the rule '{product.schema.rule}',"
        f" {len(product.scenes)} scenes, {size:.1f} MB, every checksum holds",
    ]
    lines += [f"{name}: {_short(value)}" for name, value in product.attributes.items()]
    return "\n".join([*lines, f"content: {_short(product.content_hash)}"])


def provenance(product: Product) -> str:
    """What made the product, from the file itself; when and on what, from its sidecar."""
    beside = sidecar(product.path)
    made = beside if beside.get("content_hash") == product.content_hash else {}
    return read_provenance(product, lambda origin: _made(origin, made))


def read_provenance(product: Product, use: Callable[[dict[str, Any]], Result]) -> Result:
    """What `use` makes of a product's provenance; DamagedError if that is not what hdrpipe writes."""
    try:
        return use(from_json(product.provenance))
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise DamagedError(f"has a provenance that cannot be read ({type(error).__name__})", product.path) from None


def _made(said: dict[str, Any], beside: dict[str, Any]) -> str:
    """`said`: what the file or its sidecar tells of its making; `beside`: a sidecar that speaks of this very file."""
    if not said:
        return "made by: not told"
    lines = [f"made by: {said['stage']}, code {said['code'] or 'not told'}, {_pairs(said['versions'])}"]
    if beside:
        took = f"{beside.get('seconds', 0):.1f} s, {beside.get('peak_mib')} MiB, {beside.get('device', 'CPU')}"
        lines.append(f"made on: {beside.get('started')}, {took}")
    lines += [f"settings: {json.dumps(said['spec'], sort_keys=True)}"] if said["spec"] else []
    lines += [f"from: {name} {_short(digest)}" for name, digest in said["inputs"].items()]
    return "\n".join(lines)


def _fields(product: Product, rows: Sequence[Row]) -> str:
    """A line a field: type, shapes, unit, and its range over the scenes."""
    lines = []
    for name, field in product.schema.fields.items():
        own = [row for row in rows if row["field"] == name]
        if own:
            shapes = list(dict.fromkeys(row["shape"] for row in own))
            numbers = (min(r["min"] for r in own), np.mean([r["mean"] for r in own]), max(r["max"] for r in own))
            shape = shapes[0] + (f" and {len(shapes) - 1} more" if len(shapes) > 1 else "")
            lines.append([name, own[0]["type"], shape, field.unit, *(f"{number:.4g}" for number in numbers)])
    headings = ["field", "type", "shape", "unit", "min", "mean", "max"]
    return tabulate(lines, headings, tablefmt="simple", disable_numparse=True)


def _scenes(product: Product, scenes: Sequence[str], rows: Sequence[Row]) -> str:
    """A line a scene: its plain attributes, and the mean of the field that viewers show."""
    main = product.schema.default
    means = {row["scene"]: row["mean"] for row in rows if row["field"] == main}
    plain = [name for name, a in product.schema.scene_attributes.items() if name not in ("sources", "alignment") and a]
    lines = [
        [scene, f"{means[scene]:.4g}", *(_value(product.scene_attributes(scene)[name]) for name in plain)]
        for scene in scenes[:SHOWN]
    ]
    table = tabulate(lines, ["scene", f"mean {main}", *plain], tablefmt="simple", disable_numparse=True)
    more = len(scenes) - SHOWN
    return table + (f"\n... and {more} more scenes (--csv lists all)" if more > 0 else "")


def weights_told(path: Path) -> str:
    """A weights file: what its header says, its tensors, and what its sidecar tells of its making."""
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
