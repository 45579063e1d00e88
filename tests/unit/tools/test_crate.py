"""A run as an RO-Crate: what other programs read of it."""

import hashlib
import json
import zipfile

import pytest
from empty_environment import call, tool
from small_run import make_recorded_run
from typer.testing import CliRunner

from hdrpipe.cli._app import app
from hdrpipe.errors import DamagedError, UsageError
from hdrpipe.tools.crate import write_crate
from hdrpipe.tools.run_folder import outputs

VALIDATE = """
import importlib.resources, json, sys
import rdflib.plugins.shared.jsonld.context as context
from rocrate_validator import models, services

known = json.loads((importlib.resources.files("rocrate") / "data" / "ro-crate.jsonld").read_text())
terms = {"@context": {"sha256": "https://w3id.org/ro/terms/workflow-run#sha256"}}
context.source_to_json = lambda source, *_, **__: (terms if "workflow-run" in str(source) else known, None)
asked = services.ValidationSettings(
    rocrate_uri=sys.argv[1],
    profile_identifier="workflow-run-crate-0.5",
    requirement_severity=models.Severity.RECOMMENDED,
    offline=True,
)
issues = services.validate(asked).get_issues()
with open(sys.argv[2], "w") as file:
    json.dump([str(issue.message) for issue in issues], file)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one round, its files with provenance."""
    folder = tmp_path_factory.mktemp("project") / "results" / "study" / "small"
    make_recorded_run(folder)
    return folder


@pytest.fixture(scope="module")
def crate(run, tmp_path_factory):
    """It as a crate, unpacked."""
    pytest.importorskip("rocrate", reason="the extra `crate` is not installed")
    place = tmp_path_factory.mktemp("crate")
    assert write_crate(run, place / "small.zip") > 40
    with zipfile.ZipFile(place / "small.zip") as archive:
        archive.extractall(place / "small")
    return place / "small"


def test_another_library_reads_files_and_run(run, crate):
    from rocrate.rocrate import ROCrate

    read = ROCrate(crate)
    assert read.name == "hdrpipe: run study/small"
    assert read.root_dataset["author"]["name"] == "The hdrpipe maintainers"
    assert (read.mainEntity.id, read.mainEntity["programmingLanguage"]["name"]) == ("workflow/Snakefile", "Snakemake")
    action = read.dereference("#run")
    assert action["instrument"] == read.mainEntity
    assert action["object"].id == "config.yaml"
    assert (action["startTime"], action["endTime"][:19]) == ("2001-09-09T01:46:40+00:00", "2001-09-09T01:47:00")
    made = {f"results/study/small/{path.relative_to(run).as_posix()}" for path in outputs(run)}
    assert made < {entity.id for entity in action["result"]}
    assert {entity["name"] for entity in read.mainEntity["softwareRequirements"]} >= {"hdrpipe", "numpy", "python"}


def test_every_file_is_there_with_its_hash(crate):
    graph = json.loads((crate / "ro-crate-metadata.json").read_text())["@graph"]
    files = {entity["@id"]: entity for entity in graph if "File" in entity["@type"]}
    assert {"config.yaml", "LICENSE", "CITATION.cff", "workflow/rules/round.smk"} < set(files)
    there = {path.relative_to(crate).as_posix() for path in crate.rglob("*") if path.is_file()}
    assert set(files) == there - {"ro-crate-metadata.json"}
    for name, entity in files.items():
        content = (crate / name).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest(), name
        assert entity["contentSize"] == str(len(content))
    assert files["results/study/small/chosen.json"]["identifier"].startswith("sha256:")


def test_the_settings_of_the_run_are_a_config_file(crate):
    assert (crate / "config.yaml").read_text() == "run: study/small\nseed: 3\n"


@pytest.mark.slow
def test_the_validator_of_the_profile_finds_no_fault(crate, tmp_path):
    """It cannot fetch the definitions of words from the network; the library's own are given to it instead."""
    python = tool(tmp_path / "tool", "roc-validator==0.13.0", "rocrate==0.16.0") / "python"
    call([python, "-c", VALIDATE, crate, tmp_path / "issues.json"], tmp_path)
    issues = json.loads((tmp_path / "issues.json").read_text())
    assert [issue for issue in issues if "retrieve the JSON-LD context" not in issue] == []


@pytest.mark.parametrize(
    "content", ['{"versions": ["numpy"]}', '{"started": "2026-01-01T10:00:00"}', '{"seconds": NaN}']
)
def test_provenance_that_is_none_is_named(tmp_path, monkeypatch, content):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    (tmp_path / "summary.csv").write_text("a\n")
    (tmp_path / "summary.csv.json").write_text(content)
    with pytest.raises(DamagedError, match=r"summary\.csv\.json: is no provenance of an output"):
        write_crate(tmp_path, tmp_path / "small.zip")


def test_what_is_no_run_or_no_zip_file_is_refused(run, tmp_path):
    with pytest.raises(UsageError, match=r"does not end in \.zip|rocrate, which is not installed"):
        write_crate(run, tmp_path / "small")
    asked = CliRunner().invoke(app, ["export", "--crate", str(tmp_path / "small.zip")], standalone_mode=False)
    assert isinstance(asked.exception, UsageError)
    assert "--crate: describes a run" in str(asked.exception)
