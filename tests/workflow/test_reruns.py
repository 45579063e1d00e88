"""Which jobs a change asks for: exactly these, no others."""

import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

MASKED = {"masks": 2, "student": 2, "teacher": 1, "teacher_labelled": 1, "evaluate": 2, "choose": 1, "report": 1}
TAUGHT = {**MASKED, "masks": 1}
TRAINED = {**MASKED, "warmup": 1, "teacher": 2, "teacher_labelled": 2, "evaluate": 3}
SCENES = {**TRAINED, "prepare": 1, "baselines": 1}
ALL = {**SCENES, "fetch": 1}
FOLDS = {"fold": 2, "warmup": 2, "crossfit": 4}
FOLDED = {
    **FOLDS,
    "teacher": 3,
    "teacher_labelled": 3,
    "masks": 4,
    "student": 4,
    "evaluate": 2,
    "choose": 1,
    "report": 1,
}
JUDGED = {
    **TRAINED,
    "fold": 2,
    "warmup": 3,
    "crossfit": 6,
    "teacher": 6,
    "teacher_labelled": 6,
    "masks": 6,
    "student": 6,
}

KEYS = [
    ({"data": {"options": {"noise": 2.0}}}, ALL),
    ({"data": {"options": {"source": 3}}}, ALL),
    ({"data": {"draw": 1}}, SCENES),
    ({"data": {"seed": 1}}, SCENES),
    ({"data": {"labelled": 3}}, SCENES),
    ({"data": {"labelled": ["pool-001", "pool-003"]}}, SCENES),
    ({"data": {"align": "mtb"}}, SCENES),
    ({"seed": 1}, TRAINED),
    ({"model": {"options": {"channels": 8}}}, TRAINED),
    ({"loss": {"judge_weight": 1.0}}, TRAINED),
    ({"loss": {"perceptual_weight": 0.01, "masked_mean": "all", "judge_samples": "labelled"}}, TRAINED),
    ({"warmup": {"steps": 61}}, TRAINED),
    ({"match": {"strategy": "noise"}}, {**TRAINED, "match": 1}),
    ({"match": {"copies": 4}}, {"report": 1}),
    ({"student": {"precision": "bf16"}}, TAUGHT),
    ({"warmup": {"weights": "results/tiny/round-01/student.safetensors"}}, TRAINED),
    ({"masks": {"options": {"tau_pixel": 0.5}}}, MASKED),
    ({"masks": {"level": "pixel"}}, MASKED),
    ({"masks": {"strategy": "quantile"}}, MASKED),
    ({"masks": {"strategy": "oracle"}}, MASKED),
    ({"masks": {"strategy": "similarity"}}, MASKED),
    ({"teacher": {"average": "tta"}}, {**MASKED, "teacher": 2, "teacher_labelled": 2}),
    ({"teacher": {"source": "denoised"}}, {**MASKED, "teacher": 2, "teacher_labelled": 2}),
    ({"teacher": {"shards": 2}}, {**MASKED, "teacher": 4}),
    ({"student": {"lr": 0.001}}, TAUGHT),
    ({"student": {"unlabelled_augmentation": "corrupted"}}, TAUGHT),
    ({"student": {"unlabelled_augmentation": "rerendered"}}, TAUGHT),
    ({"student": {"labelled_augmentation": "strong"}}, TAUGHT),
    ({"student": {"labelled_augmentation": "corrupted"}}, TAUGHT),
    ({"student": {"consistency_weight": 0.3}}, TAUGHT),
    ({"student": {"unlabelled_batch": 0}}, {"student": 2, "evaluate": 2}),
    ({"loss": {"judge_folds": 2}}, JUDGED),
    ({"study": {"split": "test"}}, {}),
    (
        {"rounds": 3},
        {"teacher": 1, "teacher_labelled": 1, "masks": 1, "student": 1, "evaluate": 1, "choose": 1, "report": 1},
    ),
    ({"run": "other"}, ALL),
    ({"crossfit": {"folds": 2}}, FOLDED),
    ({"crossfit": {"folds": 2}, "choose": {"rule": "selective-risk"}}, FOLDED),
]

CODE = [
    ("datasets/procedural.py", ALL),
    ("imaging/align.py", SCENES),
    ("models/merge_net.py", TRAINED),
    ("learning/loss.py", TRAINED),
    ("learning/consistency.py", TRAINED),
    ("masking/threshold.py", MASKED),
    ("stages/student.py", TAUGHT),
    ("stages/choose.py", {"choose": 1, "report": 1}),
    ("report/page.css", {"report": 1}),
]

UNREAD = [
    "datasets/panorama.py",
    "masking/quantile.py",
    "masking/similarity.py",
    "stages/study.py",
    "stages/fold.py",
    "cli/masks.py",
    "config/load.py",
    "files/product/viewers.py",
]
"""Code that no product of the tiny run depends on."""

COMMENTED = ["learning/loss.py", "stages/masks.py", "files/product/hdf5.py"]

TEXTS = [
    ("config/mask_options.py", "Pixels with a normalised sigma below this are trusted.", "The pixel threshold."),
    ("learning/loop.py", "stopped by {cause} after step", "{cause} stopped this after step"),
    ("learning/loop.py", '"lower the learning rate"', '"use a lower learning rate"'),
    ("config/dataset_options.py", "Places; a third of them", "Panoramas; a third of them"),
]
"""File, a text of it that only people read (description, error, hint), and another one."""


@pytest.mark.parametrize(("overlay", "jobs"), KEYS, ids=lambda value: str(value)[:60])
def test_a_key_reruns_exactly(finished, overlay, jobs):
    assert finished.plan(overlay=overlay) == jobs


def test_the_frames_are_an_input_of_masks_that_ask_for_them_and_of_no_others(finished):
    for strategy, asked in (("similarity", True), ("threshold", False), ("oracle", False)):
        printed = finished.snakemake("-n", "-F", "-p", overlay={"masks": {"strategy": strategy}})
        job = next(job for job in printed.split("\n[") if "\nrule masks:" in job)
        inputs = job.split("input: ")[1].split("\n")[0]
        read = {f"scenes/{split}-00.h5" in inputs for split in ("labelled", "unlabelled")}
        assert read == {asked}
        assert ("--scenes" in job) == asked


@pytest.mark.parametrize(
    ("labels", "files", "read"),
    [
        (2, 3, ["00 02 0/1", "01 0/1"]),
        (3, 3, ["00 0/1", "01 0/1", "02 0/1"]),
        (5, 2, ["00 0/3", "00 1/3", "00 2/3", "01 0/2", "01 1/2"]),
    ],
)
def test_a_shard_of_labels_reads_the_scenes_that_it_labels_and_no_more(finished, labels, files, read):
    """Scene shards, and which of how many label shards it is that share them."""
    overlay = {"run": "cut", "rounds": 1, "teacher": {"shards": labels}, "data": {"shards": files}}
    printed = finished.snakemake("-n", "-p", overlay=overlay)
    jobs = [job for job in printed.split("\n[") if "\nrule teacher:" in job]
    inputs = [" ".join(re.findall(r"unlabelled-(\d+)\.h5", job.split("input: ")[1].split("\n")[0])) for job in jobs]
    turns = ["/".join(re.search(r"--shard (\d+) --shards (\d+)", job).groups()) for job in jobs]
    assert sorted(f"{scenes} {turn}" for scenes, turn in zip(inputs, turns, strict=True)) == read


@pytest.mark.parametrize(("name", "jobs"), CODE, ids=[name for name, _ in CODE])
def test_a_code_edit_reruns_exactly(finished, name, jobs):
    with edited(finished, name) as path:
        added(path)
        assert finished.plan() == jobs


def test_what_no_product_depends_on_reruns_nothing(finished):
    """All at once; Snakemake names the rules that would run, and the files whose code they are."""
    with ExitStack() as edits:
        paths = {name: edits.enter_context(edited(finished, name)) for name in UNREAD + COMMENTED}
        paths |= {name: edits.enter_context(edited(finished, name)) for name, _, _ in TEXTS}
        for name in UNREAD:
            added(paths[name])
        for name in COMMENTED:
            text = paths[name].read_text()
            paths[name].write_text(text.replace('"""', '"""Said otherwise: ', 1) + "\n# a remark\n")
        for name, old, new in TEXTS:
            text = paths[name].read_text()
            assert old in text
            paths[name].write_text(text.replace(old, new))
        assert finished.plan() == {}


@contextmanager
def edited(finished, name):
    """Path of a file of the package that is as before afterwards."""
    path = finished.path / "hdrpipe" / name
    before = path.read_text()
    try:
        yield path
    finally:
        path.write_text(before)


def added(path):
    """Add a line that counts."""
    path.write_text(path.read_text() + ("\nEDITED = 1\n" if path.suffix == ".py" else "\nb { color: red }\n"))


GIVEN = [
    ("masks={options: {tau_pixel: 0.4}}", {}),  # the default, as a number and not as a string
    ("masks={options: {tau_pixel: 0.3}}", MASKED),
    ("data={labelled: 3}", SCENES),
    ("loss={vgg_weights: null}", {}),
]


@pytest.mark.parametrize(("given", "jobs"), GIVEN, ids=[given for given, _ in GIVEN])
def test_a_setting_of_the_command_line_is_what_it_would_be_in_a_file(finished, given, jobs):
    assert finished.plan("--config", given) == jobs


@pytest.mark.parametrize("options", [("--directory", "."), ()], ids=["directory", "from elsewhere"])
def test_the_main_config_counts_wherever_snakemake_is_called(finished, tmp_path, options):
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("data: {dataset: procedural}\n")
    snakefile = ("--snakefile", str(finished.path / "Snakefile"))
    command = ["snakemake", "-n", "-p", "--cores", "1", *snakefile, *options, "--configfile", str(overlay)]
    env = {**finished.environment(), "PWD": str(tmp_path)}
    printed = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300)
    assert printed.returncode == 0, printed.stderr
    warmup = next(line for line in printed.stdout.splitlines() if "exec hdrpipe warmup" in line)
    assert '"judge_weight":0.0002' in warmup
    assert '"steps":600' in warmup


def test_a_command_of_another_package_than_the_snakefiles_is_refused(finished, tmp_path):
    other = shutil.copytree(finished.path / "hdrpipe", tmp_path / "other" / "hdrpipe")
    with (other / "quantities.py").open("a") as file:
        file.write("OTHER = 1\n")
    shim = tmp_path / "bin" / "hdrpipe"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nPYTHONPATH={other.parent} exec {sys.executable} -P -m hdrpipe "$@"\n')
    shim.chmod(0o755)
    path = f"{shim.parent}{os.pathsep}{finished.environment()['PATH']}"
    before = (finished.path / "results" / "tiny" / "chosen.json").read_bytes()
    done = finished.call(*finished.command("-f", "results/tiny/chosen.json"), PATH=path)
    assert done.returncode != 0
    assert "is not the package of the Snakefile that started it" in done.stdout + done.stderr
    finished.snakemake("results/tiny/chosen.json")  # by the right package
    assert (finished.path / "results" / "tiny" / "chosen.json").read_bytes() == before


def test_an_emptied_product_stops_its_reader_with_its_name_and_rule(finished, tmp_path):
    copy = type(finished)(shutil.copytree(finished.path, tmp_path / "copy"))
    (copy.path / "results" / "tiny" / "round-02" / "uncertainty-00.h5").write_bytes(b"")
    printed = copy.snakemake("-f", "results/tiny/round-02/masks-00.h5", fails=True)
    line = next(line for line in printed.splitlines() if line.startswith("hdrpipe: error:"))
    assert "uncertainty-00.h5" in line
    assert "teacher" in line
