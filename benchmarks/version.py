"""Another version of this repository, to take turns with."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
BEFORE = "ee25686"
"""The version that the bars of docs/performance.md speak of."""


def unpack(folder: Path, commit: str = BEFORE) -> Path:
    """Write a commit's files into a new folder and return it; ends the benchmark where the history lacks the commit."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
    if archive.returncode:
        raise SystemExit(f"commit {commit} is not in this clone; fetch it with: git fetch --unshallow")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder
