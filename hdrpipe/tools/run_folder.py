"""A run on disk: its folder, its settings as its own files tell them, and the command that makes a file of it anew."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hdrpipe.config.aliases import renamed
from hdrpipe.config.differences import merged
from hdrpipe.config.documents import from_json, from_yaml
from hdrpipe.config.spec import nearest
from hdrpipe.errors import UsageError
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.tools.alive import RUN_COMMAND

RESULTS = "results"

SETTING_OPTIONS = ("--configfile", "--configfiles", "--config", "-C", "--directory", "-d", "--snakefile", "-s")


def run_folder(run: str) -> Path:
    """The folder of a run, named by its path or by its name under results/.

    Raises:
        UsageError: there is none; names those that are there.
    """
    for folder in (Path(run), Path(RESULTS, run)):
        if (folder / "scenes").is_dir() or (folder / "logs").is_dir():
            return folder
    known = {str(p.parent.relative_to(RESULTS)) for p in Path(RESULTS).rglob("logs") if p.is_dir()}
    raise UsageError(f"no run here{nearest(run, known) if known else ''}", run, "name its folder, such as results/demo")


def run_name(folder: Path) -> str:
    """The name of a run: its folder below results/, with its slashes."""
    parts = folder.resolve().parts
    if RESULTS not in parts:
        return folder.name
    last = len(parts) - 1 - parts[::-1].index(RESULTS)
    return "/".join(parts[last + 1 :])


def outputs(folder: Path) -> Iterator[Path]:
    """Every output of a run: what has a provenance beside it, and every product, sorted; training states are none."""
    found = set()
    for path in folder.rglob("*"):
        if any(part.startswith(".") or part == "logs" for part in path.relative_to(folder).parts):
            continue
        if path.suffix == ".json" and path.with_suffix("").suffix:
            found.add(path.with_suffix(""))
        elif path.suffix in (".h5", ".safetensors"):
            found.add(path)
    yield from sorted(found)


def settings(folder: Path) -> dict[str, Any]:
    """The config of a run, put together from what its outputs say that they were made with; the newest one counts."""
    told = sorted((sidecar(path) for path in outputs(folder)), key=lambda said: str(said.get("started", "")))
    return merged([renamed(said.get("spec", {})) for said in told])


def rebuild_command(folder: Path, files: Sequence[Path]) -> str:
    """The Snakemake call that makes these files anew, and what follows from them, with the run's own settings."""
    words = ["snakemake", "--cores", "all", "-R", *map(str, files)]
    recorded = recorded_command(folder)
    if recorded is not None:
        return shlex.join([*words, *setting_words(recorded)])
    config = config_file(run_name(folder))
    if config is None:
        return shlex.join(words) + " --configfile <the config of this run>"
    return shlex.join(words if config.name == "config.yaml" else [*words, "--configfile", str(config)])


def recorded_command(folder: Path) -> list[str] | None:
    """The words of the last Snakemake call that worked on a run; None for a run that has none that can be read."""
    try:
        words = from_json((folder / RUN_COMMAND).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return [str(word) for word in words] if isinstance(words, list) else None


def setting_words(command: Sequence[str]) -> list[str]:
    """Of a Snakemake call the options that decide what is computed: Snakefile, folder, config files, `--config`."""
    words: list[str] = []
    kept = False
    for word in command:
        if word.startswith("-"):
            kept = word.split("=")[0] in SETTING_OPTIONS
        if kept:
            words.append(word)
    return words


def config_file(run: str) -> Path | None:
    """The config of this folder (config.yaml, configs/*.yaml, *.yaml) that has this `run`."""
    for path in [Path("config.yaml"), *sorted(Path("configs").glob("*.yaml")), *sorted(Path(".").glob("*.yaml"))]:
        try:
            said = from_yaml(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(said, dict) and said.get("run") == run:
            return path
    return None
