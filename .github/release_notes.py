"""Notes of a release out of CHANGELOG.md: `python .github/release_notes.py v0.1.0`; needs no package.

Fails unless the tag, the package, CITATION.cff and a heading of CHANGELOG.md name one version.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def notes(tag: str, root: Path = ROOT) -> str:
    """What CHANGELOG.md says below the heading of the tag's version.

    Raises:
        ValueError: a file names another version, or the heading is missing.
    """
    version = tag.removeprefix("v")
    patterns = {"hdrpipe/__init__.py": r'__version__ = "(.+?)"', "CITATION.cff": r"^version: (.+)$"}
    for name, pattern in patterns.items():
        named = re.search(pattern, (root / name).read_text(encoding="utf-8"), re.MULTILINE)
        if named is None or named[1] != version:
            raise ValueError(f"{name} names version {named and named[1]}, the tag {version}")
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## |\Z)"
    below = re.search(heading, (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if below is None:
        raise ValueError(f"CHANGELOG.md has no heading [{version}] with a date")
    return below[1].strip() + "\n"


if __name__ == "__main__":
    try:
        print(notes(sys.argv[1]), end="")
    except ValueError as error:
        sys.exit(f"release_notes.py: {error}")
