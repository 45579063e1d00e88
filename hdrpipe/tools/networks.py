"""The network that fuses: the shipped one, a run's chosen one, or one given by its weights."""

from pathlib import Path

from hdrpipe.errors import DamagedError, InputError, UsageError
from hdrpipe.files.recorded import read_json
from hdrpipe.inference.load import SHIPPED, Stored, stored
from hdrpipe.tools.run_folder import run_folder

CHOSEN = "chosen.json"


def find_network(run: Path | None = None, weights: Path | None = None) -> Stored:
    """Load the network of a run's `chosen.json`, of a weights file, or, with neither, the shipped one.

    Raises:
        UsageError: both are given, or there is no such run.
        InputError, DamagedError: the run is not finished, there is no such file, or it is broken.
    """
    return stored(find_weights(run, weights))


def find_weights(run: Path | None, weights: Path | None) -> Path:
    """The weights file of a run, or the one given, or the shipped one; errors as `find_network`."""
    if run is not None and weights is not None:
        raise UsageError("a run and weights are both given", "--run, --weights", "choose one")
    if run is not None:
        return chosen_weights(run)
    return SHIPPED if weights is None else weights


def chosen_weights(run: Path) -> Path:
    """The weights file that the `chosen.json` of a run, named by its folder or by its name under results/, names.

    Raises:
        UsageError: there is no such run.
        InputError: no such file, which a run writes after its last round; DamagedError: it is damaged or altered.
    """
    folder = _folder(run)
    path = folder / CHOSEN
    if not path.exists():
        raise InputError("no such file", path, f"finish the run first: snakemake --cores all {path}")
    said = read_json(path, "choose")
    try:
        number = int(said["round"])
    except (ValueError, KeyError, TypeError, OverflowError):
        raise DamagedError("names no round", path, "delete it and run the rule 'choose' again") from None
    return folder / f"round-{number:02d}" / "student.safetensors"


def _folder(run: Path) -> Path:
    """The folder of a run; one that was moved without its scenes and logs, which `run_folder` does not know, too."""
    if (run / CHOSEN).exists():
        return run
    try:
        return run_folder(str(run))
    except UsageError:
        if run.is_dir():
            return run
        raise
