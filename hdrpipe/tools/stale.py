"""Outputs that Snakemake has no record of, made with other settings or code than the present ones.

Snakemake compares settings and code with its records in `.snakemake/metadata`. Results that were copied, renamed or
cloned, or whose `.snakemake` was deleted, have no record there, and it keeps them as they are. Their sidecars still
hold the settings and the code they were made with.
"""

import base64
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from hdrpipe.config.aliases import renamed
from hdrpipe.config.differences import differences, flattened
from hdrpipe.config.fingerprint import fingerprint
from hdrpipe.config.load import STAGE_KEYS, Config, plugins_of, weights_of
from hdrpipe.files.product.envelope import rule_of, sidecar
from hdrpipe.tools.run_folder import outputs, setting_words

METADATA = Path(".snakemake/metadata")
PIECE = 254
"""Characters of an encoded path that are a name of their own, with a mark before it where others follow."""

LISTED = 5
"""Most differences that the notice names."""


def stale_outputs(folder: Path, config: Config) -> dict[Path, tuple[str, ...]]:
    """Output of a run -> its differences, such as `masks.level: 'pixel', now 'bilevel'` or `code of masks`.

    Args:
        folder: of the run, below results/ of the working directory.
        config: present config of the run.
    """
    if not folder.is_dir():
        return {}
    asked = flattened(config.model_dump(mode="json"))
    unrecorded = (path for path in outputs(folder) if not _is_recorded(path))
    otherwise = {path: tuple(_differences(path, config, asked)) for path in unrecorded if _is_own(path, folder)}
    return {path: changes for path, changes in otherwise.items() if changes}


def stale_notice(folder: Path, config: Config) -> str:
    """Message about `stale_outputs`, with the command that makes them again; empty if there are none."""
    stale = stale_outputs(folder, config)
    if not stale:
        return ""
    kinds = list(dict.fromkeys(difference for changes in stale.values() for difference in changes))
    more = f" and {len(kinds) - LISTED} more" if len(kinds) > LISTED else ""
    rules = list(dict.fromkeys(rule_of(path) for path in stale))
    command = shlex.join(["snakemake", "--cores", "all", "-R", *rules, *setting_words(sys.argv[1:])])
    return (
        f"{folder}: {len(stale)} outputs were made with other settings or code, and Snakemake, which has no record of "
        f"them, keeps them: {'; '.join(kinds[:LISTED])}{more}. To make them again: {command}"
    )


def _is_recorded(path: Path) -> bool:
    """True if Snakemake has a record of an output; records are named by the encoded path, long ones lie in folders."""
    name = base64.urlsafe_b64encode(path.as_posix().encode()).decode()
    *folders, last = (name[start : start + PIECE] for start in range(0, len(name), PIECE))
    return METADATA.joinpath(*(f"@{folder}" for folder in folders), last).exists()


def _is_own(path: Path, folder: Path) -> bool:
    """True if an output belongs to the run itself, not to a fold or an arm below it, which has another config."""
    first, *below = path.relative_to(folder).parts
    return not below or first == "scenes" or first.startswith("round-")


def _differences(path: Path, config: Config, asked: dict[str, object]) -> Iterator[str]:
    made = sidecar(path)
    stage, spec = made.get("stage"), made.get("spec")
    if stage not in STAGE_KEYS or not isinstance(spec, dict):
        return
    given = flattened(renamed(spec))
    for key, before, now in differences(given, {key: asked.get(key) for key in given}):
        yield f"{key}: {before!r}, now {now!r}"
    if made.get("code") != fingerprint(stage, plugins_of(config, stage), weights_of(config, stage)):
        yield f"code of {stage}"
