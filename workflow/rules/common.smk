# What all rules share: the checked config of every run, the slice and the code fingerprint of every stage, file lists.
import atexit
import re
import sys
import time
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.shell import shell

from hdrpipe.config import costs
from hdrpipe.config.aliases import old_names, renamed
from hdrpipe.config.load import (
    check_config,
    plugins_of,
    read_yaml,
    stage_spec,
    weights_of,
)
from hdrpipe.errors import HdrpipeError
from hdrpipe.config.folds import NAME as FOLD, fold_name, products
from hdrpipe.files.folders import folder_content
from hdrpipe.files.system import kills
from hdrpipe.files.stops import RunStop
from hdrpipe.terminal import escape_unencodable
from hdrpipe.config.fingerprint import fingerprint, package_digest
from hdrpipe.config.runs import (
    cells,
    compared,
    crops,
    folded,
    members,
    overlaid,
    scored,
    single,
)
from hdrpipe.tools.alive import hold, notice, refuse_foreign_folder
from hdrpipe.tools.project import (
    beside,
    check_shards,
    first_files,
    gpu_notice,
    results_folder,
    until_words,
)
from hdrpipe.tools.stale import stale_notice

STARTED, KILLED, STOP = time.time(), kills(), RunStop()
STUDY_FILE = Path(beside(workflow, "../../configs/study.yaml"))
ENVIRONMENT = beside(workflow, "../envs/hdrpipe.yaml")
# What trainings wait for goes first and what waits for them last: of two cores none idles at the end of a comparison.
TRAINING, BEFORE_TRAINING = 1, 2


def checked(make, *arguments):
    """Result of `make`; an HdrpipeError becomes one line of Snakemake's."""
    try:
        return make(*arguments)
    except HdrpipeError as error:
        raise WorkflowError(f"config: {error}") from None


# `pathvars` belongs to Snakemake, which has read it
GIVEN = {key: value for key, value in config.items() if key != "pathvars"}
SETTINGS = checked(renamed, GIVEN)
CONFIG = checked(check_config, GIVEN)
RESULTS = results_folder(workflow)
checked(refuse_foreign_folder)
for stage in ("warmup", "teacher"):  # missing weights are an error at once
    if weights_of(CONFIG, stage):
        checked(fingerprint, stage, (), weights_of(CONFIG, stage))
if CONFIG.loss.vgg_weights and not Path(CONFIG.loss.vgg_weights).is_file():
    raise WorkflowError(
        f"config: loss.vgg_weights: there is no such file: {CONFIG.loss.vgg_weights}"
    )
# none through SLURM, which knows its limits itself
GPUS = workflow.global_resources.get("gpu").value
if workflow.is_main_process and GPUS is not None and GPUS < CONFIG.devices:
    # Snakemake would give a training as many as there are, and say nothing
    raise WorkflowError(
        f"config: devices: {CONFIG.devices} of them share a training, but only {GPUS} may be in use;"
        f" pass --resources gpu={CONFIG.devices}"
    )
COMPARED = checked(compared, CONFIG)
OWN_STUDY = bool(CONFIG.study.arms)
OVERLAY = {} if OWN_STUDY else checked(read_yaml, STUDY_FILE)
STUDY_RUN = OVERLAY.get("run", CONFIG.run)


@cache
def study_config():
    """The config whose `study` counts: the one given, or configs/study.yaml below what was given of `study`."""
    if OWN_STUDY:
        return CONFIG
    given = {"study": SETTINGS.get("study", {})}
    return checked(check_config, overlaid(overlaid(SETTINGS, OVERLAY), given))


def fitting(runs):
    """Refuse shards whose paths do not fit into a command of any of these runs."""
    shards = max(CONFIG.data.shards, CONFIG.teacher.shards)
    checked(check_shards, shards, str(RESULTS / max(runs, key=len)))


@cache
def study_members():
    """The runs of the study, by name."""
    runs = checked(members, study_config())
    fitting(runs)
    return runs


def member(run):
    """A run with those that it shares files with; runs of a study are made when one is asked for."""
    if run == CONFIG.run:
        return single(CONFIG)
    parent, _, name = run.rpartition("/")
    if re.fullmatch(FOLD, name) and parent:
        return checked(folded, member(parent), name)
    if run in COMPARED:
        return COMPARED[run]
    if run not in study_members():
        raise WorkflowError(
            f"config: no run {run!r}; the study {STUDY_RUN!r} has {len(study_members())} others"
        )
    return study_members()[run]


if OWN_STUDY:
    study_members()  # a wrong arm of a config that was named is told at once
fitting([CONFIG.run, *COMPARED])
SCENE_SHARDS = [f"{k:02d}" for k in range(CONFIG.data.shards)]
LABEL_SHARDS = [f"{k:02d}" for k in range(CONFIG.teacher.shards)]
# A job that would have a GPU to itself takes none where this machine has none: such jobs run side by side. Through SLURM,
# which has no limit of GPUs here, other machines are meant.
GPU = 0 if GPUS is not None and gpu_notice() else 1

# A rule says `exec hdrpipe`, so that the job's parent is Snakemake, with which it ends. A command of another package
# than the one that is hashed here refuses to run.
shell.prefix(f"export HDRPIPE_PARENT=$PPID HDRPIPE_PACKAGE={package_digest()}; ")

if workflow.is_main_process:
    escape_unencodable()  # summaries hold names of scenes
    STOP.install()
    for text in (
        old_names(config),
        notice(CONFIG.run, RESULTS),
        checked(stale_notice, RESULTS / CONFIG.run, CONFIG),
    ):
        if text:
            atexit.register(print, text, file=sys.stderr)


wildcard_constraints:
    run=f"{re.escape(CONFIG.run)}(/compare/[a-z-]+)?(/{FOLD})?|{re.escape(STUDY_RUN)}(/[\\w./-]+)?",
    round=r"\d{2,3}",
    shard=r"\d{2,3}",
    split="validation|test",
    fold=r"\d{1,3}",
    folds=r"\d{1,3}",


resource_scopes:
    gpu="local",


def gpu_threads(wildcards):
    """Threads of a job that trains or predicts: on a CPU two of them share the cores."""
    return 8 if GPU else min(8, max(1, (workflow.resource_settings.cores or 2) // 2))


def training_gpus(wildcards):
    """GPUs of a training, which its command is told; processes that share it without GPUs count like them."""
    return CONFIG.devices if CONFIG.devices > 1 else GPU


def spec(stage):
    """The canonical JSON slice of a stage: what Snakemake tracks is what the command receives."""
    return lambda wildcards: stage_spec(member(wildcards.run).config, stage)


fingerprint = cache(fingerprint)
folder_content = cache(folder_content)


def code(stage):
    """Fingerprint of a stage's code, of the plug-ins and of the content of the weights that its run names."""

    def of(wildcards):
        config = member(wildcards.run).config
        return checked(
            fingerprint, stage, plugins_of(config, stage), weights_of(config, stage)
        )

    return of


def data(wildcards):
    """Hash of the folder that a run's dataset lies in, if it lies in one."""
    root = getattr(member(wildcards.run).config.data.options, "root", "")
    return folder_content(root) if root else ""


def crops_on(wildcards):
    """Largest crops on the labelled and the unlabelled scenes of a run, by all runs that read them."""
    shared = member(wildcards.run)
    own = wildcards.run == CONFIG.run or wildcards.run in COMPARED
    others = COMPARED if own else study_members()
    return crops([shared, *others.values()], shared.scenes)


def recorded(*paths):
    """Outputs and, beside each, its provenance."""
    return [*paths, *(f"{path}.json" for path in paths)]
