"""Outputs of which Snakemake has no record, made with other settings or other code than the config asks for.

Snakemake compares what it remembers of its own calls in `.snakemake/metadata`. Of results that were copied, renamed or
cloned, or whose `.snakemake` was deleted, it remembers nothing, and takes them as they are. Their sidecars do remember.
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
LISTED = 5
"""Differences that the notice names."""


def stale_outputs(folder: Path, config: Config) -> dict[Path, tuple[str, ...]]:
    """Output of a run -> how it was made otherwise, such as `masks.level: 'pixel', now 'bilevel'` or `code of masks`.

    Args:
        folder: of the run, below results/ of the working directory.
        config: what the run is asked for now.
    """
    if not folder.is_dir():
        return {}
    asked = flattened(config.model_dump(mode="json"))
    unrecorded = (path for path in outputs(folder) if not _is_recorded(path))
    otherwise = {path: tuple(_differences(path, config, asked)) for path in unrecorded if _is_own(path, folder)}
    return {path: found for path, found in otherwise.items() if found}


def stale_notice(folder: Path, config: Config) -> str:
    """What a person should know of `stale_outputs`, with the command that makes them anew; empty if there are none."""
    stale = stale_outputs(folder, config)
    if not stale:
        return ""
    kinds = list(dict.fromkeys(difference for found in stale.values() for difference in found))
    more = f" and {len(kinds) - LISTED} more" if len(kinds) > LISTED else ""
    rules = list(dict.fromkeys(rule_of(path) for path in stale))
    command = shlex.join(["snakemake", "--cores", "all", "-R", *rules, *setting_words(sys.argv[1:])])
    return (
        f"{folder}: {len(stale)} outputs were made otherwise, and Snakemake has no record of it, so it keeps them: "
        f"{'; '.join(kinds[:LISTED])}{more}. To make them anew: {command}"
    )


def _is_recorded(path: Path) -> bool:
    """Whether Snakemake remembers how an output was made; it names its records by the output's path."""
    name = base64.urlsafe_b64encode(path.as_posix().encode()).decode()
    return (METADATA / name).exists()


def _is_own(path: Path, folder: Path) -> bool:
    """Whether an output is of the run itself, not of a fold or an arm below it, whose config is another one."""
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
