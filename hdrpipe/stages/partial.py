"""Saved predictions of an unfinished inference, kept outside the outputs, so that the next job goes on from them."""

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from hdrpipe.errors import DamagedError, Stop, StoppedError
from hdrpipe.files.product.hdf5 import Product, open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS

SECONDS = 30.0
"""Seconds between two saves: a kill loses at most the predictions of this time."""

PENDING_BYTES = 256 * 2**20
"""Memory of the predictions that are not saved yet, above which they are saved at once."""

Row = tuple[str, dict[str, np.ndarray], dict[str, Any]]

log = logging.getLogger(__name__)


class Partial:
    """Predictions of one job, saved now and then; as a context manager it also saves them when a signal stops the job.

    Args:
        folder: of this job alone; deleted when the job is done.
        key: identity of the job (spec, code, inputs); predictions saved under another key are not used.
        attributes: root attributes of the product.
    """

    def __init__(self, folder: Path, key: str, attributes: dict[str, Any]):
        self.folder, self.attributes = folder, {**attributes, "key": key}
        self._pending: list[Row] = []
        self._saved = time.monotonic()

    def rows(self, names: Sequence[str], predict: Callable[[Sequence[str]], Iterator[Row]]) -> Iterator[Row]:
        """Rows of `names`: first the saved ones, then those of the missing names, which `predict` makes."""
        with ExitStack() as stack:
            kept = {scene: saved for saved in self._saved_products(stack) for scene in saved.scenes}
            done = [name for name in names if name in kept]
            if done:
                log.info("going on after %d of %d scenes", len(done), len(names))
            for name in done:
                saved = kept[name]
                fields = [field for field in saved.schema.fields if saved.has(name, field)]
                yield name, {field: saved.read(name, field) for field in fields}, {}
        for row in predict([name for name in names if name not in kept]):
            self._pending.append(row)
            if time.monotonic() - self._saved >= SECONDS or self._size() > PENDING_BYTES:
                self._keep()
            yield row

    def __enter__(self) -> "Partial":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif issubclass(kind, Stop | StoppedError) and self._pending:
            self._keep()

    def _keep(self) -> None:
        number = len(list(self.folder.glob("*.h5")))
        write_product(self.folder / f"{number:04d}.h5", SCHEMAS["uncertainty"], self._pending, self.attributes)
        self._pending, self._saved = [], time.monotonic()

    def _saved_products(self, stack: ExitStack) -> Iterator[Product]:
        for path in sorted(self.folder.glob("*.h5")):
            try:
                saved = stack.enter_context(open_product(path, "uncertainty"))
            except DamagedError as error:
                log.warning("%s; its scenes are predicted again", error)
                path.unlink()
                continue
            if saved.attributes == self.attributes:
                yield saved
            else:
                log.info("%s: saved by a job with other settings, code or inputs, not used", path)
                path.unlink()

    def _size(self) -> int:
        return sum(array.nbytes for _, fields, _ in self._pending for array in fields.values())
