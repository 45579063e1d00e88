"""Folder of a run, its outputs, its recorded settings, and the command that makes an output again."""

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
    """Folder of a run, given by its path or by its name under results/.

    Raises:
        UsageError: there is no such run; the message names a similar one.
    """
    for folder in (Path(run), Path(RESULTS, run)):
        if (folder / "scenes").is_dir() or (folder / "logs").is_dir():
            return folder
    names = {str(p.parent.relative_to(RESULTS)) for p in Path(RESULTS).rglob("logs") if p.is_dir()}
    raise UsageError(
        f"there is no such run{nearest(run, names) if names else ''}",
        run,
        "give its name or its folder, such as results/demo",
    )


def run_name(folder: Path) -> str:
    """Name of a run: its folder relative to results/, slashes included."""
    names = folder.resolve().parts
    if RESULTS not in names:
        return folder.name
    last = len(names) - 1 - names[::-1].index(RESULTS)
    return "/".join(names[last + 1 :])


def outputs(folder: Path) -> Iterator[Path]:
    """Outputs of a run, sorted: products, weights, and files with provenance beside them; no training states."""
    found_paths = set()
    for path in folder.rglob("*"):
        if any(name.startswith(".") or name == "logs" for name in path.relative_to(folder).parts):
            continue
        if path.suffix == ".json" and path.with_suffix("").suffix:
            found_paths.add(path.with_suffix(""))
        elif path.suffix in (".h5", ".safetensors"):
            found_paths.add(path)
    yield from sorted(found_paths)


def settings(folder: Path) -> dict[str, Any]:
    """Config of a run, merged from the settings in the provenance of its outputs; the newest output wins."""
    sidecars = sorted((sidecar(path) for path in outputs(folder)), key=lambda made: str(made.get("started", "")))
    return merged([renamed(made.get("spec", {})) for made in sidecars])


def rebuild_command(folder: Path, files: Sequence[Path]) -> str:
    """Snakemake call that makes these files and everything that depends on them again, with the settings of the run."""
    words = ["snakemake", "--cores", "all", "-R", *map(str, files)]
    recorded = recorded_command(folder)
    if recorded is not None:
        return shlex.join([*words, *setting_words(recorded)])
    config = config_file(run_name(folder))
    if config is None:
        return shlex.join(words) + " --configfile <the config of this run>"
    return shlex.join(words if config.name == "config.yaml" else [*words, "--configfile", str(config)])


def recorded_command(folder: Path) -> list[str] | None:
    """Arguments of the last Snakemake call that worked on a run; None where they were not recorded."""
    try:
        words = from_json((folder / RUN_COMMAND).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return [str(word) for word in words] if isinstance(words, list) else None


def setting_words(command: Sequence[str]) -> list[str]:
    """Options of a Snakemake call that select Snakefile, folder, config files and `--config` values."""
    words: list[str] = []
    kept = False
    for word in command:
        if word.startswith("-"):
            kept = word.split("=")[0] in SETTING_OPTIONS
        if kept:
            words.append(word)
    return words


def config_file(run: str) -> Path | None:
    """Config file of the working directory (config.yaml, configs/*.yaml, *.yaml) that has this `run`."""
    for path in [Path("config.yaml"), *sorted(Path("configs").glob("*.yaml")), *sorted(Path(".").glob("*.yaml"))]:
        try:
            content = from_yaml(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(content, dict) and content.get("run") == run:
            return path
    return None
