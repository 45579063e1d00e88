"""What a stopped or killed inference had already predicted, kept outside the outputs until the next one takes it up."""

import logging
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from hdrpipe.errors import DamagedError, StoppedError
from hdrpipe.files.product.hdf5 import Product, open_product, write_product
from hdrpipe.files.product.schema import SCHEMAS

SECONDS = 30.0
"""Predictions of so many seconds are kept together; what a kill loses."""

PENDING_BYTES = 256 * 2**20
"""Or of so much memory."""

Row = tuple[str, dict[str, np.ndarray], dict[str, Any]]

log = logging.getLogger(__name__)


class Partial:
    """Predicted scenes on their way to an uncertainty product; a context, so that a stop keeps what is done.

    Args:
        folder: of this work alone; deleted when the work is done.
        key: identity of the work (spec, code, inputs); what another key left is not used.
        attributes: root attributes of the product.
    """

    def __init__(self, folder: Path, key: str, attributes: dict[str, Any]):
        self.folder, self.attributes = folder, {**attributes, "key": key}
        self._pending: list[Row] = []
        self._saved = time.monotonic()

    def rows(self, names: Sequence[str], predict: Callable[[Sequence[str]], Iterator[Row]]) -> Iterator[Row]:
        """The rows of `names`: those that are kept, then those that `predict` makes of the missing names."""
        with ExitStack() as stack:
            kept = {scene: part for part in self._parts(stack) for scene in part.scenes}
            found = [name for name in names if name in kept]
            if found:
                log.info("going on after %d of %d scenes", len(found), len(names))
            for name in found:
                part = kept[name]
                yield name, {field: part.read(name, field) for field in part.schema.fields}, {}
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
        elif issubclass(kind, StoppedError) and self._pending:
            self._keep()

    def _keep(self) -> None:
        number = len(list(self.folder.glob("*.h5")))
        write_product(self.folder / f"{number:04d}.h5", SCHEMAS["uncertainty"], self._pending, self.attributes)
        self._pending, self._saved = [], time.monotonic()

    def _parts(self, stack: ExitStack) -> Iterator[Product]:
        for path in sorted(self.folder.glob("*.h5")):
            try:
                part = stack.enter_context(open_product(path, "uncertainty"))
            except DamagedError as error:
                log.warning("%s; its scenes are predicted again", error)
                path.unlink()
                continue
            if part.attributes == self.attributes:
                yield part
            else:
                log.info("%s: of other work, not used", path)
                path.unlink()

    def _size(self) -> int:
        return sum(array.nbytes for _, fields, _ in self._pending for array in fields.values())
