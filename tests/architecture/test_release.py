"""What a release is made of: changelog, notes, and what lies in .github/."""

import re
import runpy
from pathlib import Path

import pytest
import yaml

from hdrpipe import __version__

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
SECTIONS = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
FORMS = sorted(set((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) - {GITHUB / "ISSUE_TEMPLATE" / "config.yml"})
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))

notes = runpy.run_path(str(GITHUB / "release_notes.py"))["notes"]


def test_the_changelog_begins_with_what_is_unreleased():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", version) for version in versions[1:])
    for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        sections = re.findall(r"^### (.*)$", part, re.MULTILINE)
        assert sections == [name for name in SECTIONS if name in sections]


@pytest.fixture
def released(tmp_path):
    """The files of a release of this version."""
    (tmp_path / "hdrpipe").mkdir()
    for name in ("hdrpipe/__init__.py", "CITATION.cff"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    versions = (f"[{__version__}] - 2026-12-31\n\n### Added\n\n- a\n", "[0.0.1] - 2026-01-01\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n## " + "\n## ".join(versions))
    return tmp_path


def test_the_notes_of_a_release_are_those_of_its_version(released):
    assert notes(f"v{__version__}", released) == "### Added\n\n- a\n"


@pytest.mark.parametrize("name", ["hdrpipe/__init__.py", "CITATION.cff", "CHANGELOG.md"])
def test_a_file_that_names_another_version_stops_the_release(released, name):
    path = released / name
    path.write_text(path.read_text().replace(__version__, "9.9.9"))
    with pytest.raises(ValueError, match=re.escape(name)):
        notes(f"v{__version__}", released)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_of_github_runs_what_is_there(path):
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()
    commands = "\n".join(step["run"] for job in jobs for step in job["steps"] if "run" in step)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"make ([\w-]+)", commands)
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    files = re.findall(r"(?:\.ci|\.github|tests)/[\w./]+", commands)
    assert targets or files
    assert not [name for name in files if not (ROOT / name).exists()]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_for_something(path):
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"]
    assert form["description"]
    names = [field["id"] for field in form["body"]]
    assert len(set(names)) == len(names)
    assert any(field.get("validations", {}).get("required") for field in form["body"])
