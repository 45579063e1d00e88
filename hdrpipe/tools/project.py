"""The workflow that comes with the package, a folder that uses it, and the call of Snakemake on it."""

import os
import sys
import sysconfig
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from hdrpipe.config.folds import products
from hdrpipe.config.load import Config
from hdrpipe.config.spec import nearest
from hdrpipe.errors import UsageError
from hdrpipe.files.atomic import write_text
from hdrpipe.files.system import DEVICES

PACKAGE = Path(__file__).parents[1]

MAIN_CONFIG = "main"
"""Name of config.yaml, the main job, beside those of configs/*.yaml."""

LONGEST_ARGUMENT = 120_000
"""Bytes for the paths of one command; Linux allows 131,072 for all of it."""

LISTS_OF_SHARDS = 5
"""Lists of files that a student's command names: labelled scenes and truths, unlabelled ones, labels, masks."""

SNAKEFILES = ("Snakefile", "snakefile", "workflow/Snakefile", "workflow/snakefile")
"""Files that Snakemake takes for the workflow of a folder."""

SNAKEFILE = """\
from hdrpipe.tools.project import main_snakefile


include: main_snakefile()


workflow.default_target = "all"
"""
"""The Snakefile that `init` writes; an included file keeps its default target to itself."""


def project() -> Path:
    """Folder of Snakefile, workflow/, profiles/, configs/, config.yaml: of the wheel, or the checkout of the package.

    Raises:
        UsageError: the package was installed without them.
    """
    for folder in (PACKAGE / "project", PACKAGE.parent):
        if (folder / "workflow").is_dir() and (folder / "config.yaml").is_file():
            return folder
    raise UsageError("the workflow is not installed with this package", PACKAGE, "install a wheel or a checkout")


def main_snakefile() -> str:
    """Path of the Snakefile that defines the workflow."""
    return str(project() / "Snakefile")


def config_names() -> dict[str, Path]:
    """Name -> config file that comes with the package."""
    root = project()
    return {MAIN_CONFIG: root / "config.yaml", **{path.stem: path for path in sorted(root.glob("configs/*.yaml"))}}


def init(folder: Path, config: str = MAIN_CONFIG) -> list[Path]:
    """Write config.yaml, a Snakefile and profiles/*/config.yaml into a folder, which is made if it does not exist.

    Args:
        config: one of `config_names`, copied as config.yaml.

    Returns:
        The files written.

    Raises:
        UsageError: there is no such config, or one of the files exists already; then nothing is written.
    """
    configs = config_names()
    if config not in configs:
        raise UsageError(f"unknown config {config!r}{nearest(config, configs)}", "--config")
    root = project()
    profiles = {str(path.relative_to(root)): _text(path) for path in sorted(root.glob("profiles/*/config.yaml"))}
    files = {"config.yaml": _text(configs[config]), "Snakefile": SNAKEFILE, **profiles}
    existing = [folder / name for name in files if (folder / name).exists()]
    if existing:
        raise UsageError("exists already, and nothing was written", existing[0], "name an empty or a new folder")
    for name, text in files.items():
        write_text(folder / name, text)
    return [folder / name for name in files]


def run_command(arguments: Sequence[str]) -> list[str]:
    """Call of Snakemake with these arguments, on the Snakefile of the working directory or else of the package."""
    named = any(word.split("=")[0] in ("--snakefile", "-s") for word in arguments)
    here = any(Path(name).is_file() for name in SNAKEFILES)
    return snakemake_command([*(() if named or here else ("--snakefile", main_snakefile())), *arguments])


def snakemake_command(arguments: Sequence[str]) -> list[str]:
    """Call of the Snakemake of this interpreter."""
    return [sys.executable, "-P", "-m", "snakemake", *arguments]


def environment() -> dict[str, str]:
    """Environment variables in which rules find the commands of this interpreter first, activated or not."""
    path = [sysconfig.get_path("scripts"), *filter(None, [os.environ.get("PATH")])]
    return {**os.environ, "PATH": os.pathsep.join(path)}


def beside(workflow: Any, name: str) -> str:
    """Path of a file beside the Snakefile that is being read; one of a remote repository is fetched.

    Args:
        workflow: of Snakemake.
        name: path from the folder of that Snakefile.
    """
    file = workflow.current_basedir.join(name)
    return os.path.normpath(file) if isinstance(file, os.PathLike) else str(workflow.sourcecache.get_path(file))


def results_folder(workflow: Any) -> Path:
    """Folder in which the runs of the workflow that is being read lie: results, or as an importing workflow has it
    (`prefix` and `pathvars` of its module).

    Args:
        workflow: of Snakemake.
    """
    return Path(workflow.pathvars.apply(workflow.modifier.path_modifier.replace_prefix("<results>", "output")))


def until_words(command: Sequence[str]) -> list[str]:
    """Rules and files that a call of Snakemake names after `--until`."""
    words: list[str] = []
    taken = False
    for word in command:
        if word.startswith("-"):
            taken = word in ("--until", "-U")
            words += [word.removeprefix("--until=")] if word.startswith("--until=") else []
        elif taken:
            words.append(word)
    return words


def first_files(config: Config, rules: Iterable[str], rename: Callable[[str], str] = str) -> list[str]:
    """Files of round 1 that these rules make, below Snakemake's path variable `results`; of rules that are not part of
    every round there are none.

    Snakemake's `--until` stops behind every job of a rule, and that of a later round needs what comes behind.

    Args:
        rename: from the name of a rule here to that in the workflow which imports it.
    """
    files = {
        "teacher": [f"uncertainty-{shard:02d}.h5" for shard in range(config.teacher.shards)],
        "teacher_labelled": ["labelled.h5"],
        "crossfit": products(config.crossfit.folds or config.loss.judge_folds),
        "masks": ["masks.json"],
        "student": ["student.safetensors"],
    }
    made = files if config.pseudo_labelled else {"student": files["student"]}
    renamed = {rename(rule): names for rule, names in made.items()}
    return [f"<results>/{config.run}/round-01/{file}" for rule in rules for file in renamed.get(rule, [])]


def check_shards(shards: int, folder: str) -> None:
    """Refuse shards whose paths make the command of a training longer than Linux allows for one argument.

    Args:
        shards: the larger of `data.shards` and `teacher.shards`.
        folder: of the run.

    Raises:
        UsageError: they do.
    """
    paths = len(f"{folder}/round-00/uncertainty-000.h5 ") * LISTS_OF_SHARDS
    if shards * paths > LONGEST_ARGUMENT:
        what = f"{shards} shards make commands longer than Linux allows"
        hint = f"set at most {LONGEST_ARGUMENT // paths}, or cut the bursts into several runs"
        raise UsageError(what, "data.shards, teacher.shards", hint)


def gpu_notice(devices: Path = DEVICES) -> str:
    """Message for a machine without an NVIDIA GPU; empty for one that has any."""
    if any(devices.glob("nvidia[0-9]*")):
        return ""
    return "No NVIDIA GPU on this machine: training and inference run on the CPU, two jobs at a time."


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
