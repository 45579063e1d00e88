"""All stages of two rounds in one process, on bursts made by code: what the workflow runs, in a few steps."""

from pathlib import Path

import torch

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.files.atomic import write_json
from hdrpipe.stages.job import Job
from hdrpipe.stages.masks import MaskInputs, masks
from hdrpipe.stages.match import match
from hdrpipe.stages.prepare import prepare
from hdrpipe.stages.student import StudentInputs, student
from hdrpipe.stages.teacher import teacher
from hdrpipe.stages.warmup import warmup

TRAINING = {"steps": 2, "batch": 1, "crop": 32, "lr": 1e-2}
DATA = {
    "dataset": "procedural",
    "labelled": 2,
    "options": {"pool": 4, "validation": 1, "test": 1, "size": 64},
}
SETTINGS = {
    "data": DATA,
    "model": {"backbone": "merge_net", "options": {"channels": 4}},
    "match": {"strategy": "noise", "copies": 2},
    "warmup": TRAINING,
    "student": {**TRAINING, "unlabelled_batch": 1, "ema_decay": 0.5},
}


def stage(name, **sections):
    """Spec and job of a stage, with sections of the config changed."""
    text = stage_spec(check_config({**SETTINGS, **sections}), name)
    return parse_spec(name, text), Job(name, text, "code")


def make_rounds(folder: Path) -> Path:
    """Files of warm-up and two rounds, in the folders of the workflow; returns the folder."""
    torch.set_num_threads(1)
    scenes, warm = folder / "scenes", folder / "round-00"
    for path in (scenes, warm):
        path.mkdir(parents=True)
    write_json(folder / "sources.json", [])
    spec, job = stage("prepare")
    prepare(spec, folder / "cache", folder / "sources.json", scenes, job)
    spec, job = stage("match")
    match(spec, [scenes / "labelled-00.h5"], [scenes / "unlabelled-00.h5"], warm, job)
    spec, job = stage("warmup")
    warmup(spec, [warm / "matched-00.h5"], [scenes / "labelled-truth-00.h5"], warm, folder / ".state", job)
    for round_ in (1, 2):
        make_round(folder, round_)
    return folder


def make_round(folder: Path, round_: int) -> None:
    """Pseudo labels, masks and student of a round."""
    scenes, before, here = folder / "scenes", *(folder / f"round-{number:02d}" for number in (round_ - 1, round_))
    here.mkdir()
    state, start = folder / ".state", before / "teacher.safetensors"
    truths, pool, labels = scenes / "labelled-truth-00.h5", scenes / "unlabelled-00.h5", here / "uncertainty-00.h5"
    spec, job = stage("teacher")
    teacher(spec, start, [pool], (0, 1), round_, labels, state, job)
    teacher(spec, start, [scenes / "labelled-00.h5"], (0, 1), round_, here / "labelled.h5", state, job)
    spec, job = stage("masks")
    masks(spec, MaskInputs([labels], here / "labelled.h5", [truths]), here, here / "masks.json", job)
    spec, job = stage("student")
    matched = folder / "round-00" / "matched-00.h5"
    products = ([matched], [truths], [pool], [labels], [here / "masks-00.h5"])
    weights = (start, before / "student.safetensors", before / "optimizer.safetensors")
    student(spec, StudentInputs(*products, *weights), round_, here, state, job)
