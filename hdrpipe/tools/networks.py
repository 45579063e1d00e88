"""Choice of the network that fuses: the shipped one, the chosen student of a run, or a weights file."""

from pathlib import Path

from hdrpipe.errors import DamagedError, InputError, UsageError
from hdrpipe.files.recorded import read_json
from hdrpipe.inference.load import SHIPPED, Stored, stored
from hdrpipe.tools.run_folder import run_folder

CHOSEN = "chosen.json"


def find_network(run: Path | None = None, weights: Path | None = None) -> Stored:
    """Load the chosen student of a run, or a weights file, or, with neither, the shipped network.

    Raises:
        UsageError: both are given, or there is no such run.
        InputError, DamagedError: the run is not finished, there is no such file, or it is damaged.
    """
    return stored(find_weights(run, weights))


def find_weights(run: Path | None, weights: Path | None) -> Path:
    """Path of the weights file of a run, or of the one given, or of the shipped one; raises as `find_network`."""
    if run is not None and weights is not None:
        raise UsageError("a run and weights are both given", "--run, --weights", "choose one")
    if run is not None:
        return chosen_weights(run)
    return SHIPPED if weights is None else weights


def chosen_weights(run: Path) -> Path:
    """Path of the chosen student of a run, which is given by its folder or by its name under results/.

    Raises:
        UsageError: there is no such run.
        InputError: the run is not finished. DamagedError: its `chosen.json` is damaged or altered.
    """
    folder = _folder(run)
    path = folder / CHOSEN
    if not path.exists():
        raise InputError(
            "the run has not chosen a round yet: no such file",
            path,
            f"finish the run first: snakemake --cores all {path}",
        )
    choice = read_json(path, "choose")
    try:
        number = int(choice["round"])
    except (ValueError, KeyError, TypeError, OverflowError):
        raise DamagedError("has no round in it", path, "delete it and run the rule 'choose' again") from None
    return folder / f"round-{number:02d}" / "student.safetensors"


def _folder(run: Path) -> Path:
    """Folder of a run; also of one that was moved without its scenes and logs, which `run_folder` does not accept."""
    if (run / CHOSEN).exists():
        return run
    try:
        return run_folder(str(run))
    except UsageError:
        if run.is_dir():
            return run
        raise
