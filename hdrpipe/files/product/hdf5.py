"""Products as HDF5: written whole from memory, verified when opened, read lazily from any process."""

import contextlib
import json
import os
import uuid
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hdrpipe.errors import InputError, UsageError
from hdrpipe.files import atomic
from hdrpipe.files.product import checks, layout, packing, viewers
from hdrpipe.files.product.checks import Fault, prefixed
from hdrpipe.files.product.envelope import check_envelope, check_head, telling
from hdrpipe.files.product.lazy import ProductField, window_index
from hdrpipe.files.product.schema import FORMAT, SCHEMAS, Field, Schema

LIMIT = 512 * 2**20
"""Largest product file in bytes: it is built in memory, because a full disk makes the HDF5 library crash."""

Plain = Mapping[str, Any]
Scenes = Iterable[tuple[str, Mapping[str, np.ndarray], Plain]]


def write_product(
    path: Path | str, schema: Schema, scenes: Scenes, attributes: Plain, made: Plain | None = None
) -> str:
    """Write a product and return its content hash ("sha256:...").

    The same content gives the same bytes. Floats are stored in the type of their field, booleans as 0 and 1.

    Args:
        scenes: (name, arrays, attributes) of each scene, consumed one by one.
        attributes: values of the whole product.
        made: its provenance; it stands in the file but not in the content hash.

    Raises:
        InputError: a name, an array or an attribute breaks the schema; nothing is written.
        UsageError: the file would pass LIMIT; names the config key that spreads scenes over more files.
        CapacityError: no space left.
    """
    try:
        with _memory_file() as file:
            digest = _fill(file, path, schema, scenes, attributes)
            _put(file, {"provenance": json.dumps(made or {}, sort_keys=True), "complete": True})
            file.flush()
            image = file.id.get_file_image()
    except Fault as fault:
        raise InputError(f"not written: {fault}", path) from None
    atomic.write_bytes(path, image)
    return digest


def _memory_file() -> h5py.File:
    # v108 is the newest layout that every reader opens (docs/products.md), and the oldest with checksums of metadata.
    name = f"memory-{uuid.uuid4()}"
    return h5py.File(name, "w", driver="core", backing_store=False, block_size=2**20, libver=("v108", "v108"))


def _fill(file: h5py.File, path: Path | str, schema: Schema, scenes: Scenes, attributes: Mapping[str, Any]) -> str:
    root = checks.check_attributes(attributes, schema.root_attributes)
    entries: dict[str, Any] = {}
    for name, arrays, scene_attributes in scenes:
        checks.check_scene_name(name)
        if name in entries:
            raise Fault(f"scene '{name}' comes twice")
        with prefixed(f"scene '{name}'"):
            entries[name] = _write_scene(file.create_group(name), schema, arrays, scene_attributes)
        if file.id.get_filesize() > LIMIT:
            raise UsageError(f"would be larger than {LIMIT >> 20} MiB", path, f"raise {schema.shards}")
    digest = layout.content_hash(schema, root, entries)
    head = {"format": FORMAT, "kind": schema.kind, "version": schema.version, "content_hash": digest}
    _put(file, root | head | viewers.root_attributes(entries))
    return digest


def _write_scene(
    group: h5py.Group, schema: Schema, arrays: Mapping[str, Any], attributes: Mapping[str, Any]
) -> dict[str, Any]:
    """Write one scene and return what the content hash takes from it."""
    checks.check_fields(set(arrays), schema)
    plain = checks.check_attributes(attributes, schema.scene_attributes)
    sizes: dict[str, int] = {}
    fields = {}
    for name, field in schema.fields.items():
        if name not in arrays:
            continue
        with prefixed(f"field '{name}'"):
            array = layout.stored_as(field, np.asarray(arrays[name]))
            checks.check_layout(field, array.dtype, array.shape, sizes)
            checks.check_values(field, array)
        dataset = group.create_dataset(name, data=array, **packing.options(field, array.shape))
        _put(dataset, viewers.dataset_attributes(name, field))
        fields[name] = layout.array_entry(array, field.unit)
    _write_coordinates(group, schema, fields, sizes)
    view = group.create_group(schema.view)
    view[schema.default] = group[schema.default]
    _put(view, viewers.view_attributes(schema))
    _put(group, plain | viewers.scene_attributes(schema))
    return {"attributes": plain, "fields": fields}


def _write_coordinates(group: h5py.Group, schema: Schema, names: Collection[str], sizes: Mapping[Any, int]) -> None:
    """Name the axes of the fields `names` by dimension scales; `sizes` holds what the words in their `dims` stand for.

    Fields refer to their scales and not the other way round, which netCDF does not ask for and PyTables cannot read.
    """
    scales = {}
    for name, axis in layout.coordinates(schema, names).items():
        (dim,) = axis.dims
        steps = np.arange(sizes.get(dim, dim), dtype=axis.dtype)
        scales[dim] = group.create_dataset(name, data=steps, **packing.options(axis, steps.shape))
        scales[dim].make_scale(name)
        _put(scales[dim], viewers.dataset_attributes(name, axis))
    for name in names:
        axes = np.empty(len(schema.fields[name].dims), object)
        axes[:] = [np.array([scales[dim].ref], h5py.ref_dtype) for dim in schema.fields[name].dims]
        group[name].attrs.create("DIMENSION_LIST", axes, dtype=h5py.vlen_dtype(h5py.ref_dtype))


def _put(holder: h5py.HLObject, attributes: Mapping[str, Any]) -> None:
    """Store plain values; texts get a fixed length, because HDF5 keeps variable ones where no checksum reaches."""
    for name, value in attributes.items():
        if isinstance(value, str) or (isinstance(value, list) and value and isinstance(value[0], str)):
            coded = np.char.encode(np.asarray(value, dtype=np.str_), "utf-8")
            holder.attrs.create(name, coded, dtype=h5py.string_dtype("utf-8", max(coded.dtype.itemsize, 1)))
        else:
            holder.attrs.create(name, np.asarray(value))


def _get(holder: h5py.HLObject) -> dict[str, Any]:
    return {name: layout.decoded(value) for name, value in holder.attrs.items()}


class Product:
    """A product file that is open for reading.

    Arrays are read when asked for. A Product can be pickled and survives a fork: each process opens the file for
    itself on first use, and refuses one that was replaced by other content meanwhile.

    Attributes:
        path: the file.
        kind: kind of product, a key of `SCHEMAS`.
        schema: its schema.
        attributes: values of the whole product.
        scenes: names of the scenes, sorted.
        content_hash: "sha256:..." of the content.
        provenance: JSON of its origin; "{}" if none was recorded.
    """

    def __init__(self, path: Path | str, kind: str | None):
        self.path, self.content_hash = Path(path), ""
        self._rules = (SCHEMAS[kind].rule,) if kind else ()
        self._file: h5py.File | None = None
        self._process = 0
        self._datasets: dict[tuple[str, str], h5py.Dataset] = {}
        self._checked: dict[str, tuple[dict[str, Any], dict[str, tuple[int, ...]]]] = {}
        with telling(self.path, self._rules):
            check_envelope(self.path)
            root = _get(self._open())
        self._rules = self._rules or tuple(SCHEMAS[k].rule for k in SCHEMAS if k == root.get("kind"))
        with telling(self.path, self._rules):
            self.schema = check_head(root, kind)
            self.attributes = checks.check_attributes(checks.unreserved(root), self.schema.root_attributes)
            self.kind, self.content_hash = self.schema.kind, str(root.get("content_hash"))
            self.provenance = str(root.get("provenance", "{}"))
            self.scenes = tuple(sorted(self._open()))
            for name in self.scenes:
                checks.check_scene_name(name)

    def verify(self) -> None:
        """Read every chunk once, array by array, and compare with schema, ranges, checksums and content hash.

        Raises:
            DamagedError: at the first thing that is wrong.
        """
        entries = {}
        with telling(self.path, self._rules):
            for scene in self.scenes:
                attributes, shapes = self._scene(scene)
                fields = {}
                for name in shapes:
                    with prefixed(f"scene '{scene}' field '{name}'"):
                        fields[name] = _read_checked(self._dataset(scene, name), self.schema.fields[name])
                for name in layout.coordinates(self.schema, shapes):
                    with prefixed(f"scene '{scene}' coordinate '{name}'"):
                        _check_coordinate(self._dataset(scene, name))
                entries[scene] = {"attributes": attributes, "fields": fields}
            if layout.content_hash(self.schema, self.attributes, entries) != self.content_hash:
                raise Fault("is damaged: its content does not match its content hash")

    def scene_attributes(self, scene: str) -> dict[str, Any]:
        """Values of one scene; UsageError if there is no such scene."""
        return dict(self._checked_scene(scene)[0])

    def has(self, scene: str, field: str) -> bool:
        """True if the scene has this (optional) field."""
        return field in self._checked_scene(scene)[1]

    def read(self, scene: str, field: str, window: tuple[int, int, int, int] | None = None) -> np.ndarray:
        """Read an array, or its part in `window` = (top, left, height, width) pixels.

        Raises:
            UsageError: no such scene or field, or the window leaves the picture.
            DamagedError: a chunk does not match its checksum.
        """
        array = self.field(scene, field)
        index = ... if window is None else window_index(self.schema.fields[field].dims, array.shape, window)
        return array[index]

    def field(self, scene: str, field: str) -> ProductField:
        """Array-like over a field that reads only what is sliced; UsageError if there is none."""
        if not self.has(scene, field):
            raise UsageError(f"scene '{scene}' has no field '{field}'", self.path)
        return ProductField(self, scene, field, self._checked_scene(scene)[1][field], self._dtype(field))

    def take(self, scene: str, field: str, index: Any) -> np.ndarray:
        """Read what `index` (slices, integers) selects; prefer `read` and `field`, which check the names."""
        with telling(self.path, self._rules, (OSError,)):  # a wrong index is the caller's fault, not the file's
            array = np.asarray(self._dataset(scene, field)[index])
        return array.astype(self._dtype(field), copy=False)

    def close(self) -> None:
        """Close the file of this process; the next read opens it again."""
        if self._file is not None and self._process == os.getpid():
            self._file.close()
        self._file, self._datasets = None, {}

    def __enter__(self) -> "Product":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_file": None, "_datasets": {}}

    def _dtype(self, field: str) -> str:
        """Type of a field in today's version: a product of an earlier one reads the same."""
        return SCHEMAS[self.kind].fields[field].dtype

    def _open(self) -> h5py.File:
        """The file as this process has it open."""
        if self._file is None or self._process != os.getpid():
            file = _opened(self.path)
            if self.content_hash not in ("", _get(file).get("content_hash")):
                raise Fault("was replaced by other content while it was in use")
            self._file, self._process, self._datasets = file, os.getpid(), {}
        return self._file

    def _checked_scene(self, scene: str) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
        if scene not in self.scenes:
            raise UsageError(f"has no scene '{scene}'", self.path)
        with telling(self.path, self._rules):
            return self._scene(scene)

    def _scene(self, scene: str) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
        """Attributes and shapes of a scene, checked against the schema the first time."""
        if scene not in self._checked:
            with prefixed(f"scene '{scene}'"):
                self._checked[scene] = _read_scene(_child(self._open(), scene, h5py.Group), self.schema)
        return self._checked[scene]

    def _dataset(self, scene: str, field: str) -> h5py.Dataset:
        file = self._open()
        if (scene, field) not in self._datasets:
            self._datasets[scene, field] = _child(_child(file, scene, h5py.Group), field, h5py.Dataset)
        return self._datasets[scene, field]


def _opened(path: Path) -> h5py.File:
    """The file for reading, also where another program has locked it or the disk has no locks: it is only replaced.

    One process cannot open a file twice with different settings of locks: HDF5's own, none, and always are tried.
    """
    # No chunk cache: it would hold a megabyte for each array of each scene.
    for locking in (None, False):
        with contextlib.suppress(OSError):
            return h5py.File(path, "r", rdcc_nbytes=0, locking=locking)
    return h5py.File(path, "r", rdcc_nbytes=0, locking=True)


def open_product(path: Path | str, kind: str | None, verify: bool = True) -> Product:
    """Open a product of this kind (None: of any kind) and, unless told otherwise, verify all of it.

    Raises:
        InputError: there is no such file, or it cannot be read.
        BusyError: another program has it open for writing.
        DamagedError: it is no product, of another kind or version, incomplete, damaged, or against its schema; the
            message names the file and the rule that makes it.
    """
    product = Product(path, kind)
    if verify:
        try:
            product.verify()
        except BaseException:
            product.close()
            raise
    return product


def _read_scene(group: Any, schema: Schema) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
    """Attributes of a scene and the shapes of its fields, checked against the schema without reading an array."""
    attributes = checks.check_attributes(checks.unreserved(_get(group)), schema.scene_attributes)
    checks.check_fields(set(group) - {schema.view} - set(schema.coordinates), schema)
    sizes: dict[str, int] = {}
    shapes = {}
    for name, field in schema.fields.items():
        if name in group:
            with prefixed(f"field '{name}'"):
                shapes[name] = _check_dataset(_child(group, name, h5py.Dataset), field, sizes)
    for name, axis in layout.coordinates(schema, shapes).items():
        with prefixed(f"coordinate '{name}'"):
            _check_dataset(_child(group, name, h5py.Dataset), axis, sizes)
    return attributes, shapes


def _child(group: h5py.Group, name: str, kind: type) -> Any:
    """A member of a group, never through a link that could lead out."""
    if not isinstance(group.get(name, getlink=True), h5py.HardLink) or not isinstance(group[name], kind):
        raise Fault(f"is not a plain {kind.__name__.lower()}")
    return group[name]


def _check_dataset(dataset: h5py.Dataset, field: Field, sizes: dict[str, int]) -> tuple[int, ...]:
    checks.check_layout(field, dataset.dtype, dataset.shape, sizes)
    unit = layout.decoded(dataset.attrs.get("unit"))  # never the DIMENSION_LIST: no checksum reaches it
    packing.check_dataset(field, dataset.shape, dataset.chunks, dataset.fletcher32, unit)
    if packing.BITSHUFFLE in dataset.filter_ids:
        packing.load_plugin()
    return dataset.shape


def _read_whole(dataset: h5py.Dataset) -> np.ndarray:
    try:
        return dataset[...]
    except OSError as error:
        raise Fault(f"is damaged: a checksum does not hold ({error})") from error


def _check_coordinate(dataset: h5py.Dataset) -> None:
    if not np.array_equal(_read_whole(dataset), np.arange(dataset.shape[0])):
        raise Fault("is damaged: it does not count from 0")


def _read_checked(dataset: h5py.Dataset, field: Field) -> dict[str, Any]:
    """Read an array, check its values and return what the content hash takes from it."""
    array = _read_whole(dataset)
    checks.check_values(field, array)
    return layout.array_entry(array, field.unit)
