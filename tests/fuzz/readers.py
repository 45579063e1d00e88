"""Every reader of files that others may have made, as a function of bytes: it reads, or says in one line why not."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from golden_products import GOLDEN

from hdrpipe.config.documents import from_json
from hdrpipe.config.load import read_config
from hdrpipe.datasets.exposures import read_exposure_txt, read_table
from hdrpipe.errors import HdrpipeError
from hdrpipe.files.marks import is_result
from hdrpipe.files.pictures import heif, raw, rgbe, tiff_pages
from hdrpipe.files.pictures.headers import format_by_content, measure
from hdrpipe.files.pictures.metadata import camera_data
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.rows import read_rows
from hdrpipe.files.weights import load_weights, save_weights
from hdrpipe.inference.load import stored
from hdrpipe.learning.state import SLOTS, StateStore
from hdrpipe.models.network import build
from hdrpipe.tools.status import job_states
from hdrpipe.tools.weights_import import read_checkpoint, tensors_of

CORPUS = Path(__file__).with_name("corpus")
"""A folder for each reader: small files that it reads, and the smallest that once made it fail."""

MEMORY = Path("/dev/shm")
MOST_PIXELS = 2**20
FRAMES = ("1.png", "2.png", "1,2.png")
"""What the tables of the corpus name."""

MODEL = {"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3}
"""The network of the corpus."""


@dataclass(frozen=True)
class Reader:
    """A reader of files: `read` takes the path of one called `name`."""

    name: str
    read: Callable[[Path], object]


def _header(path: Path) -> None:
    """What is read of a picture before a decoder sees it."""
    format_by_content(path)
    is_result(path)
    kind, _, _ = measure(path, MOST_PIXELS)
    if kind == "hdr":
        rgbe.header(path)
    elif kind == "tiff":
        tiff_pages.remarks(path)
    elif kind in heif.KINDS:
        heif.colour(path, kind)


def _raw(path: Path) -> None:
    measure(path, MOST_PIXELS)
    raw.exposure_data(path)


def _product(path: Path) -> None:
    with open_product(path, None) as product:
        for scene in product.scenes:
            product.scene_attributes(scene)


def _forge(path: Path, metadata: Path, tensors: dict[str, torch.Tensor]) -> None:
    """Write weights with a valid hash and the metadata in a file: what only its own hash protects."""
    path.unlink(missing_ok=True)
    try:
        value = from_json(metadata.read_bytes())
    except ValueError:
        return
    if isinstance(value, dict):
        save_weights(path, tensors, value)


@cache
def _tensors() -> dict[str, torch.Tensor]:
    return build(MODEL).state_dict()


def _network(path: Path) -> None:
    forged = path.with_name("forged.safetensors")
    _forge(forged, path, _tensors())
    stored(forged)


def _state(path: Path) -> None:
    _forge(path.with_name(SLOTS[0]), path, {"a": torch.zeros(2)})
    StateStore(path.parent, "k").load()


def _log(path: Path) -> None:
    (path.parent / "logs").mkdir(exist_ok=True)
    path.rename(path.parent / "logs" / path.name)
    job_states(path.parent)


READERS = {
    "header": Reader("a.png", _header),
    "raw": Reader("a.dng", _raw),
    "metadata": Reader("a.jpg", camera_data),
    "exposures": Reader("exposure.txt", read_exposure_txt),
    "table-csv": Reader("bursts.csv", read_table),
    "table-yaml": Reader("bursts.yaml", read_table),
    "config": Reader("config.yaml", read_config),
    "product": Reader("a.h5", _product),
    "weights": Reader("a.safetensors", load_weights),
    "network": Reader("a.json", _network),
    "state": Reader("a.json", _state),
    "checkpoint": Reader("a.pth", lambda path: tensors_of(read_checkpoint(path), path)),
    "rows": Reader("metrics.csv", lambda path: read_rows(path, "evaluate")),
    "sidecar": Reader("a.h5.json", lambda path: sidecar(path.with_suffix(""))),
    "log": Reader("warmup.log", _log),
}


def read(reader: str, data: bytes) -> str:
    """Give bytes to a reader: "" where it reads them, else its refusal; any other exception is a fault of it."""
    path = Path(_folder().name, READERS[reader].name)
    path.write_bytes(data)
    refusal = ""
    try:
        READERS[reader].read(path)
    except HdrpipeError as error:
        refusal = str(error)
    assert refusal.isprintable(), f"a refusal of more than one line: {refusal!a}"
    return refusal


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """One folder for all inputs of a process, in memory where there is one: disks take longer than most readers."""
    folder = tempfile.TemporaryDirectory(prefix="fuzz-", dir=MEMORY if MEMORY.is_dir() else None)
    for name in FRAMES:
        Path(folder.name, name).touch()
    return folder


def folders(reader: str) -> list[Path]:
    """Where the corpus of a reader lies; to that of products belong the golden ones."""
    return [folder for folder in (CORPUS / reader, *([GOLDEN] if reader == "product" else [])) if folder.is_dir()]


def corpus(reader: str) -> dict[str, bytes]:
    """The files of the corpus of a reader, by name."""
    files = [path for folder in folders(reader) for path in sorted(folder.iterdir()) if path.is_file()]
    return {path.name: path.read_bytes() for path in files}
