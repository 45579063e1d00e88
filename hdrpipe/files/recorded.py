"""Plain outputs (JSON, CSV), read with the care of products: their sidecar has the hash of what was written."""

import hashlib
from pathlib import Path
from typing import Any

from hdrpipe.config.documents import from_json
from hdrpipe.files.product.checks import Fault
from hdrpipe.files.product.envelope import read_head, sidecar, telling


def read_bytes(path: Path | str, rule: str) -> bytes:
    """The bytes of an output of `rule`, compared with the content hash of its sidecar where that stands beside it.

    Raises:
        InputError: there is no such file, or it cannot be read.
        DamagedError: it is empty or altered; names the file and the rule.
    """
    path = Path(path)
    with telling(path, (rule,), ()):
        read_head(path, 1)
        data = path.read_bytes()
        if not data:
            raise Fault("is empty")
        recorded = sidecar(path).get("content_hash", "")
        if recorded and recorded != "sha256:" + hashlib.sha256(data).hexdigest():
            raise Fault("was altered: its content does not match the hash in its provenance")
        return data


def read_text(path: Path | str, rule: str) -> str:
    """The same as text; DamagedError if it is none."""
    data = read_bytes(path, rule)
    with telling(Path(path), (rule,), (UnicodeDecodeError,)):
        return data.decode("utf-8")


def read_json(path: Path | str, rule: str) -> Any:
    """The value of a JSON output; errors as `read_text`."""
    text = read_text(path, rule)
    with telling(Path(path), (rule,), (ValueError,)):
        return from_json(text)
