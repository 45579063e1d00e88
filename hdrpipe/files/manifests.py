"""Manifests of the scenes of a run, one a shard: names of each split, sources, digests of files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hdrpipe.files.recorded import read_json


def read_manifests(paths: Sequence[Path]) -> dict[str, Any]:
    """The manifests of all shards as one: `splits` (split -> names), `files` (scene -> digests), `sources`.

    Raises:
        InputError, DamagedError: one is missing, damaged or altered.
    """
    shards = [read_json(path, "prepare") for path in paths]
    splits = {split: [name for shard in shards for name in shard["splits"][split]] for split in shards[0]["splits"]}
    files = {name: digests for shard in shards for name, digests in shard["files"].items()}
    return {**shards[0], "splits": splits, "files": files}


def manifests_of(folder: Path) -> list[Path]:
    """The manifests of a run, in the order of their shards; none where nothing was prepared."""
    return sorted((folder / "scenes").glob("manifest-[0-9]*[0-9].json"))
