"""The commands of docs/inspect.md print the output shown there, apart from the figures."""

import re
import shlex
import shutil
from pathlib import Path

import cv2
import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "inspect.md").read_text(encoding="utf-8")
BLOCK = re.search(r"<!-- tools -->\n```\n(.*?)```", PAGE, re.DOTALL)[1]
SHOWN = [entry.strip().split("\n") for entry in re.split(r"^\$ ", BLOCK, flags=re.MULTILINE) if entry.strip()]
LIVE = "status"
"""What shows a run in full flight has other jobs at other times: its headings are compared, and the jobs' names."""

VERDICTS = "A is better|B is better|no difference shown"


@pytest.fixture(scope="module")
def two_runs(finished, tmp_path_factory):
    """The finished run and, under the name of the page's second one, a copy whose provenance has other masks."""
    copy = type(finished)(shutil.copytree(finished.path, tmp_path_factory.mktemp("shown") / "copy"))
    other = copy.path / "results" / "unmasked"
    shutil.copytree(copy.path / "results" / "tiny", other)
    for path in other.rglob("*.*.json"):
        path.write_text(path.read_text().replace('"level": "bilevel"', '"level": "none"'))
    return copy


def form(line):
    """A line without its figures, hashes, verdicts and spaces."""
    line = re.sub(rf"\b[0-9a-f]{{12,}}\b|[-+]?\d+(\.\d+)*(e[-+]?\d+)?|{VERDICTS}", "#", line)
    return re.sub(r"\s+", "", line)


def test_the_page_shows_every_command_that_looks_at_a_run():
    shown = {lines[0].split()[1] for lines in SHOWN}
    assert shown == {"status", "verify", "inspect", "preview", "compare", "label-next"}


@pytest.mark.parametrize("lines", SHOWN, ids=lambda lines: lines[0].split(" #")[0].strip())
def test_the_output_of_the_page_is_what_the_command_prints(two_runs, lines):
    words = shlex.split(lines[0].split(" #")[0].split(" >")[0])
    done = two_runs.fork(*words)
    assert done.returncode == 0, done.stderr
    if words[1] == LIVE:
        assert form(lines[1]) in form(done.stdout)
        assert {line.split()[0] for line in lines[1:] if line[0] != "."} <= set(done.stdout.split())
        return
    printed = {form(line) for line in done.stdout.splitlines()}
    assert [line for line in lines[1:] if line and form(line) not in printed] == []
    if "--png" in words:
        assert cv2.imread(str(two_runs.path / words[words.index("--png") + 1])) is not None
