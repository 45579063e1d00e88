"""Command `verify`: open and check every output of a run."""

from dataclasses import dataclass
from pathlib import Path

from hdrpipe.errors import DamagedError, Exit, HdrpipeError, UsageError
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.recorded import read_bytes
from hdrpipe.tools.run_folder import outputs


@dataclass(frozen=True)
class Verdict:
    """Result of the check.

    Attributes:
        files: number of files.
        size: total size of the intact ones, in bytes.
        faults: the others, each with its error.
        lost: the damaged and the missing ones, to be made again; the rest of `faults` cannot be read now.
    """

    files: int
    size: int
    faults: tuple[tuple[Path, HdrpipeError], ...]

    @property
    def lost(self) -> tuple[Path, ...]:
        """Damaged ones and absent ones."""
        gone = FileNotFoundError
        return tuple(p for p, e in self.faults if e.code == Exit.DAMAGED or isinstance(e.__cause__, gone))


def verify(folder: Path) -> Verdict:
    """Check every output of a run: schema, ranges and checksums of products, content hashes of all.

    Raises:
        UsageError: the run has no outputs.
    """
    files, size, faults = 0, 0, []
    for path in outputs(folder):
        files += 1
        try:
            _check(path)
            size += path.stat().st_size
        except HdrpipeError as error:
            faults.append((path, error))
    if not files:
        raise UsageError("this run has no outputs yet", folder)
    return Verdict(files, size, tuple(faults))


def _check(path: Path) -> None:
    provenance = sidecar(path)
    rule = str(provenance.get("stage") or "its rule")
    if path.suffix == ".h5":
        with open_product(path, None) as product:
            content_hash = product.content_hash
    elif path.suffix == ".safetensors":
        from hdrpipe.files.weights import load_weights

        content_hash = load_weights(path)[1]["content_hash"]
    else:
        read_bytes(path, rule)
        return
    if not provenance:
        raise DamagedError("its provenance (.json) is missing or cannot be read", path)
    if provenance.get("content_hash") != content_hash:
        raise DamagedError("is undamaged, but not the file that its provenance describes", path)
