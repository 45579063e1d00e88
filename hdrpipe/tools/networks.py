"""The network that fuses: the shipped one, a run's chosen one, or one given by its weights."""

import json
from pathlib import Path

from hdrpipe.errors import DamagedError, InputError, UsageError
from hdrpipe.models.stored import SHIPPED, Stored, stored


def find_network(run: Path | None = None, weights: Path | None = None) -> Stored:
    """Load the network of a run's `chosen.json`, of a weights file, or, with neither, the shipped one.

    Raises:
        UsageError: both are given.
        InputError, DamagedError: there is no such run or file, or it is broken.
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
    """The weights file that a run's `chosen.json` names.

    Raises:
        InputError: no such file, which a run writes after its last round; DamagedError: it cannot be read.
    """
    path = run / "chosen.json"
    try:
        number = int(json.loads(path.read_text(encoding="utf-8"))["round"])
    except OSError:
        raise InputError("no such file", path, f"finish the run first: snakemake --cores all {path}") from None
    except (ValueError, KeyError, TypeError):
        raise DamagedError("is damaged", path, "remove it; rule 'choose' makes it anew") from None
    return run / f"round-{number:02d}" / "student.safetensors"
