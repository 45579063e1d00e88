"""Archives in the cache: with the pinned content, or refused."""

import hashlib
from pathlib import Path

from hdrpipe.errors import InputError


def check_archive(path: Path, sha256: str) -> None:
    """Compare a cached archive with its pinned hash.

    Raises:
        InputError: it is missing, cannot be read, or differs: cut short, say, or replaced.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError("this archive is missing from the cache", path, "run the rule 'fetch' again") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", path) from error
    if digest(data) != sha256:
        hint = f"delete it and run again, or replace it by the file with sha256 {sha256}"
        raise InputError("this cached archive differs from the pinned one", path, hint)


def digest(data: bytes) -> str:
    """sha256 as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
