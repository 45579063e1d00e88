"""What stands beside the package agrees with it."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from hdrpipe import __version__
from hdrpipe.config.load import STAGE_KEYS, Config, check_config, read_config, stage_spec
from hdrpipe.config.plugins import BUILT_IN
from hdrpipe.tools.config_page import schema_text

ROOT = Path(__file__).parents[2]
CONFIGS = [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml"))]


def pins(text: str) -> dict[str, str]:
    return {name.lower().replace("_", "-"): version for name, version in re.findall(r"([\w.-]+)==([\w.]+)", text)}


def direct_dependencies(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = [name for extra in extras for name in project["optional-dependencies"][extra]]
    return {re.match(r"[\w.-]+", name)[0].lower().replace("_", "-") for name in project["dependencies"] + optional}


def test_every_direct_dependency_is_pinned():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert direct_dependencies(*extras) <= set(pins((ROOT / "constraints.txt").read_text()))


def test_environment_yml_has_the_versions_of_constraints():
    pinned = pins((ROOT / "constraints.txt").read_text())
    environment = pins((ROOT / "environment.yml").read_text())
    assert set(environment) == direct_dependencies("dev")
    assert environment == {name: pinned[name] for name in environment}


def test_environment_yml_is_what_conda_reads():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    *plain, pip = environment["dependencies"]
    assert plain == ["python=3.11", "pip"]
    assert pip["pip"][0] == "--constraint constraints.txt"
    assert pip["pip"][-1] == "--editable ."


def test_the_environment_of_jobs_has_this_release_and_the_versions_of_constraints():
    pinned = pins((ROOT / "constraints.txt").read_text())
    environment = pins((ROOT / "workflow" / "envs" / "hdrpipe.yaml").read_text())
    assert environment == {"hdrpipe": __version__, **{name: pinned[name] for name in direct_dependencies()}}


def test_the_citation_names_this_version_and_licence():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["version"] == __version__
    assert citation["license"] == project["license"]


def catalogue_usage() -> dict:
    content = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text(encoding="utf-8"))
    assert set(content) == {"usage"}
    return content["usage"]


def test_the_catalogue_knows_every_key_of_its_file():
    """The keys of "standardized usage" in the documentation of the catalogue; its code reads `report` below `usage`."""
    usage = catalogue_usage()
    assert {"software-stack-deployment", "report"} <= set(usage)
    assert set(usage) <= {"mandatory-flags", "software-stack-deployment", "report"}
    deployment = usage["software-stack-deployment"]
    assert set(deployment) == {"conda", "apptainer", "apptainer+conda"}
    assert all(isinstance(value, bool) for value in [*deployment.values(), usage["report"]])
    assert any(deployment.values())


def test_no_flag_is_mandatory_or_it_is_described():
    flags = catalogue_usage().get("mandatory-flags")
    assert flags is None or (flags["desc"] and isinstance(flags["flags"], str | list))


def test_the_catalogue_finds_the_workflow_and_its_instructions():
    """The criteria for its list, and for its area of standardized usage."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(word in readme for word in ("Snakemake", "workflow", "Python 3.11", "(config/README.md)"))
    assert (ROOT / "workflow" / "Snakefile").is_file()
    assert list((ROOT / "workflow" / "rules").glob("*.smk"))
    assert (ROOT / "config" / "config.yaml").is_file()  # snakedeploy copies this folder


def test_the_page_of_the_catalogue_says_how_to_configure_deploy_and_install():
    """The catalogue shows config/README.md as it is; each kind of deployment must be explained there."""
    page = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    assert all(word in page for word in ("config/config.yaml", "snakedeploy deploy-workflow", "snakemake --cores all"))
    assert all(f"--sdm {name}" in page for name in ("conda", "apptainer"))
    environments = list((ROOT / "workflow" / "envs").glob("*.yaml"))
    assert environments or not catalogue_usage()["software-stack-deployment"]["conda"]
    assert all(path.relative_to(ROOT).as_posix() in page for path in environments)


def test_the_page_of_settings_names_existing_keys():
    table = (ROOT / "docs" / "settings.md").read_text()
    named = {k for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for k in re.findall(r"`([^`]+)`", row)}
    sections = check_config({"run": "x"}).model_dump()
    known = {f"{s}.{k}" for s, part in sections.items() if isinstance(part, dict) for k in (*part, "*")} | set(sections)
    assert len(named) > 15
    assert named <= known


def test_committed_schema_is_the_generated_one():
    assert (ROOT / "workflow" / "schemas" / "config.schema.json").read_text() == schema_text(), "run `hdrpipe schema`"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configs_are_valid(path):
    assert read_config(path).run


def test_every_shipped_config_names_its_own_run():
    runs = [yaml.safe_load(path.read_text())["run"] for path in CONFIGS]
    assert len(runs) == len(set(runs))


def test_every_key_reaches_a_stage():
    """But for `devices`, which like threads changes results by rounding only, so that nothing is rerun for it, and for
    `compare`, which names further runs: their files are inputs of the report."""
    whole = check_config({"run": "x"}).model_dump(mode="json")
    for section in set(whole) - {"devices", "compare"}:
        stages = [stage for stage in STAGE_KEYS if section in stage_spec(check_config({"run": "x"}), stage)]
        assert stages, f"nothing reads {section}"


def test_every_key_is_read_by_the_code():
    sources = [p for p in (ROOT / "hdrpipe").rglob("*.py") if p.name not in ("config.py", "sections.py")]
    sources += [ROOT / "workflow" / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
    words = set(re.findall(r"\w+", " ".join(path.read_text() for path in sources)))

    def leaves(model):
        for name, field in model.model_fields.items():
            nested = field.annotation
            yield from leaves(nested) if hasattr(nested, "model_fields") else [name]

    assert not set(leaves(Config)) - words


def test_plugin_options_are_read_by_their_file():
    shared = {"datasets": "rendering layouts panorama", "masking": "", "models": ""}
    for wing, plugins in BUILT_IN.items():
        for name, options in plugins.items():
            files = [ROOT / "hdrpipe" / wing / f"{stem}.py" for stem in [name, *shared[wing].split()]]
            text = "".join(path.read_text() for path in files)
            unread = [n for n in options.model_fields if f"options.{n}" not in text and "getattr(options" not in text]
            assert not unread, f"{name}: {unread}"
