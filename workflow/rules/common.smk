# What all rules share: the checked config of every run, the slice and the code fingerprint of every stage, file lists.
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from hdrpipe.config import check_config, plugins_of, stage_spec
from hdrpipe.errors import HdrpipeError
from hdrpipe.fingerprint import fingerprint

try:
    CONFIG = check_config(config)
except HdrpipeError as error:
    raise WorkflowError(f"config: {error}") from None

RUNS = {CONFIG.run: CONFIG}
SCENE_SHARDS = [f"{k:02d}" for k in range(CONFIG.data.shards)]
LABEL_SHARDS = [f"{k:02d}" for k in range(CONFIG.teacher.shards)]
GPU_THREADS = 8  # capped by --cores; `gpu=1` already serialises these jobs


wildcard_constraints:
    run="|".join(re.escape(run) for run in RUNS),
    round=r"\d{2}",
    shard=r"\d{2}",


resource_scopes:
    gpu="local",


def spec(stage):
    """The canonical JSON slice of a stage: what Snakemake tracks is what the command receives."""
    return lambda wildcards: stage_spec(RUNS[wildcards.run], stage)


def code(stage):
    """Fingerprint of a stage's code and of the plug-ins that its run names."""
    return lambda wildcards: fingerprint(stage, plugins_of(RUNS[wildcards.run], stage))


def recorded(*paths):
    """Outputs and, beside each, its provenance."""
    return [*paths, *(f"{path}.json" for path in paths)]


def scenes(name):
    """The scene products of a split (or its truth), all shards."""
    return [f"results/{{run}}/scenes/{name}-{shard}.h5" for shard in SCENE_SHARDS]


def labels(name):
    """Products of a round, all shards."""
    return [
        f"results/{{run}}/round-{{round}}/{name}-{shard}.h5" for shard in LABEL_SHARDS
    ]


def before(name):
    """A weights file of the round before."""
    return (
        lambda wildcards: f"results/{wildcards.run}/round-{int(wildcards.round) - 1:02d}/{name}.safetensors"
    )


def rounds(wildcards, first=0):
    """Numbers of the rounds of a run, two digits."""
    return [f"{number:02d}" for number in range(first, RUNS[wildcards.run].rounds + 1)]


def of_rounds(name, first=0):
    """One file of every round from `first`."""
    return lambda wildcards: [
        f"results/{wildcards.run}/round-{r}/{name}" for r in rounds(wildcards, first)
    ]
