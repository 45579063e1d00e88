"""Every output of a run, opened and checked."""

from dataclasses import dataclass
from pathlib import Path

from hdrpipe.errors import HdrpipeError, UsageError
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.recorded import read_bytes
from hdrpipe.tools.run_folder import outputs


@dataclass(frozen=True)
class Verdict:
    """What became of the check: all files, the whole size in bytes, and the faults (file, what is wrong)."""

    files: int
    size: int
    faults: tuple[tuple[Path, str], ...]


def verify(folder: Path) -> Verdict:
    """Check every output of a run: schema, ranges and checksums of products, content hashes of all.

    Raises:
        UsageError: there is nothing to check.
    """
    files, size, faults = 0, 0, []
    for path in outputs(folder):
        files += 1
        try:
            _check(path)
            size += path.stat().st_size
        except HdrpipeError as error:
            faults.append((path, error.what))
    if not files:
        raise UsageError("holds no outputs", folder)
    return Verdict(files, size, tuple(faults))


def _check(path: Path) -> None:
    told = sidecar(path)
    rule = str(told.get("stage") or "its rule")
    if path.suffix == ".h5":
        with open_product(path, None) as product:
            found = product.content_hash
    elif path.suffix == ".safetensors":
        from hdrpipe.files.weights import load_weights

        found = load_weights(path)[1]["content_hash"]
    else:
        read_bytes(path, rule)
        return
    if not told:
        raise HdrpipeError("has no provenance that can be read beside it", path)
    if told.get("content_hash") != found:
        raise HdrpipeError("is whole, but not the file that its provenance speaks of", path)
