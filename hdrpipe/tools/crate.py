"""A run as an RO-Crate for publishing: its outputs, settings and workflow, described for machines and archives.

The description follows RO-Crate 1.1 and its profiles Workflow RO-Crate 1.0, Process Run Crate 0.5 and Workflow Run
Crate 0.5: https://www.researchobject.org/workflow-run-crate
"""

import hashlib
import importlib.util
import mimetypes
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

import hdrpipe
from hdrpipe.config.documents import from_yaml
from hdrpipe.errors import DamagedError, UsageError
from hdrpipe.files.atomic import write_chunks
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.tools.project import project
from hdrpipe.tools.run_folder import outputs, run_name, settings

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
"""Address, which ends in the version, and name of each profile."""

TERMS = "https://w3id.org/ro/terms/workflow-run/context"
"""Definition of the property `sha256`."""

TYPES = {".h5": "application/x-hdf5", ".safetensors": "application/octet-stream", ".yaml": "application/yaml"}
TYPES |= {".smk": "text/plain", ".md": "text/markdown", "": "text/plain"}

LICENCES = (
    "The workflow is under Apache-2.0. Bursts, and what was computed from them, are under the licences of their "
    "sources: the manifests name those of rendered scenes; of pictures of one's own, whoever publishes says so."
)


class Provenance(BaseModel):
    """Record beside an output: the stage that made it, versions, times, hash of its content."""

    stage: str = ""
    content_hash: str = ""
    versions: dict[str, str] = {}
    started: AwareDatetime | None = None
    seconds: float = Field(default=0.0, ge=0.0, le=1e9)

    @property
    def ended(self) -> datetime | None:
        """End of its stage; None if no time is recorded."""
        return self.started and self.started + timedelta(seconds=self.seconds)


def write_crate(folder: Path, out: Path) -> int:
    """Write a run with its workflow as one .zip file; returns the number of its files.

    Args:
        folder: of the run.

    Raises:
        UsageError: the extra `crate` is not installed, another ending, or the run has no outputs with provenance.
        DamagedError: the provenance of an output is not what a stage writes.
        CapacityError, InputError: see `atomic.write_chunks`.
    """
    if importlib.util.find_spec("rocrate") is None:
        raise UsageError("this needs rocrate, which is not installed", "--crate", "pip install 'hdrpipe[crate]'")
    if out.suffix != ".zip":
        raise UsageError(f"{out.name!a} does not end in .zip", "--crate", "a crate is one .zip file")
    made = {path: _provenance(path) for path in outputs(folder) if path.is_file()}
    if not any(record.started for record in made.values()):
        raise UsageError("this run has no outputs with provenance yet", folder)
    crate = _crate(folder, made)
    write_chunks(out, crate.stream_zip(chunk_size=2**20))
    return len(crate.data_entities)


def _provenance(path: Path) -> Provenance:
    try:
        return Provenance.model_validate(sidecar(path))
    except ValidationError as error:
        what = f"is no provenance of an output ({error.errors()[0]['loc'][0]})"
        raise DamagedError(
            what, f"{path}.json", "`hdrpipe verify RUN` names the command that makes it again"
        ) from error


def _crate(folder: Path, made: Mapping[Path, Provenance]) -> Any:
    from rocrate.rocrate import ROCrate

    crate, name = ROCrate(version="1.1"), run_name(folder)
    crate.metadata.extra_contexts.append(TERMS)
    first = min(record.started for record in made.values() if record.started)
    last = max(record.ended for record in made.values() if record.ended)
    crate.name = f"hdrpipe: run {name}"
    crate.description = f"Scenes, networks, maps, scores and report of the run {name} of hdrpipe, with its workflow."
    crate.datePublished = last
    crate.license = _thing(crate, "#licences", "CreativeWork", name="Licences", description=LICENCES)
    workflow = _workflow(crate, made)
    conforming = [
        _thing(crate, url, "CreativeWork", name=PROFILES[url], version=url.split("/")[-1]) for url in PROFILES
    ]
    crate.root_dataset["conformsTo"] = conforming
    config = _config(crate, folder)
    results = [
        entity
        for path, record in made.items()
        for entity in _output(crate, path, Path("results", name, path.relative_to(folder)), record)
    ]
    properties = {"name": f"Run {name}", "startTime": first.isoformat(), "endTime": last.isoformat()}
    done = {"actionStatus": "http://schema.org/CompletedActionStatus"}
    action = crate.add_action(workflow, identifier="#run", object=config, result=results, properties=properties | done)
    crate.root_dataset["mentions"] = action
    return crate


def _workflow(crate: Any, made: Mapping[Path, Provenance]) -> Any:
    """The workflow's files, its authors, and the versions of the software that computed."""
    root = project()
    versions = sorted({pair for record in made.values() for pair in record.versions.items()})
    citation = from_yaml((root / "CITATION.cff").read_text(encoding="utf-8"))
    rest = [path for path in sorted((root / "workflow").rglob("*")) if path.is_file() and path.suffix != ".pyc"]
    snakefile = root / "workflow" / "Snakefile"
    rest.remove(snakefile)
    files = [root / "Snakefile", root / "LICENSE", root / "CITATION.cff", *rest]
    named = {"name": citation["title"], "description": citation["abstract"], "version": hdrpipe.__version__}
    main = crate.add_workflow(
        snakefile, "workflow/Snakefile", main=True, lang="snakemake", properties=_described(snakefile) | named
    )
    main["license"] = _thing(crate, "https://spdx.org/licenses/Apache-2.0", "CreativeWork", name="Apache-2.0")
    authors = [_author(crate, author) for author in citation["authors"]]
    main["author"] = crate.root_dataset["author"] = authors if len(authors) > 1 else authors[0]
    main["hasPart"] = [_file(crate, path, path.relative_to(root)) for path in files]
    main["softwareRequirements"] = [
        _thing(crate, f"#{name}-{version}", "SoftwareApplication", name=name, version=version, softwareVersion=version)
        for name, version in versions
    ]
    return main


def _author(crate: Any, author: dict[str, str]) -> Any:
    """An author of CITATION.cff: a person, or an organisation that has a name alone."""
    person = " ".join(author[key] for key in ("given-names", "family-names") if key in author)
    name = author.get("name", person)
    identifier = author.get("orcid", f"#{name.lower().replace(' ', '-')}")
    return _thing(crate, identifier, "Person" if person else "Organization", name=name)


def _config(crate: Any, folder: Path) -> Any:
    """The settings of the run as a config file."""
    text = yaml.safe_dump(settings(folder))
    return crate.add_file(
        StringIO(text),
        "config.yaml",
        properties={
            "name": "Settings of the run",
            "encodingFormat": TYPES[".yaml"],
            "contentSize": str(len(text.encode())),
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
        },
    )


def _output(crate: Any, path: Path, name: Path, record: Provenance) -> Iterable[Any]:
    """An output, with the hash of its content, and the provenance beside it."""
    made = {"description": f"made by the stage {record.stage}"} if record.stage else {}
    made |= {"identifier": record.content_hash} if record.content_hash else {}
    entity = _file(crate, path, name, **made)
    yield entity
    beside = path.with_name(f"{path.name}.json")
    if beside.is_file():
        yield _file(
            crate, beside, name.with_name(beside.name), about=entity, description="settings, inputs, versions, times"
        )


def _file(crate: Any, path: Path, name: Path, **properties: Any) -> Any:
    return crate.add_file(path, name.as_posix(), properties=_described(path) | properties)


def _described(path: Path) -> dict[str, str]:
    """Name, type, size and hash of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return {"name": path.name, "encodingFormat": kind, "contentSize": str(path.stat().st_size), "sha256": digest}


def _thing(crate: Any, identifier: str, kind: str, **properties: Any) -> Any:
    """A thing that is described and is no file."""
    return crate.add_jsonld({"@id": identifier, "@type": kind, **properties})
