"""The whole loop, run by Snakemake on tiny bursts."""

import json
import re

import numpy as np
import pandas as pd
import pytest

from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.weights import load_weights
from hdrpipe.masking.strategy import spread
from hdrpipe.tools.project import gpu_notice

ROUNDS = ("round-01", "round-02")


def test_it_ends_with_a_report_and_tells_where(finished):
    results = finished.path / "results" / "tiny"
    assert "results/tiny/report.html" in finished.printed
    assert (results / "report.html").stat().st_size > 10_000
    assert "PSNR" in (results / "summary.md").read_text()
    assert json.loads((results / "chosen.json").read_text())["round"] == 2


def test_every_output_has_its_provenance(finished):
    results = finished.path / "results" / "tiny"
    files = [p for p in results.rglob("*") if p.is_file() and not p.name.startswith(".")]
    outputs = [p for p in files if p.suffix != ".log" and ".json.json" not in p.name]
    outputs = [p for p in outputs if not (p.suffix == ".json" and p.with_suffix("").suffix)]
    assert len(outputs) > 30
    for output in outputs:
        told = json.loads((output.parent / f"{output.name}.json").read_text())
        assert told["content_hash"].startswith("sha256:")
        assert {"stage", "spec", "code", "versions", "seconds", "peak_mib", "inputs"} <= set(told)


def test_masks_are_those_of_the_stored_scores(finished):
    for name in ROUNDS:
        folder = finished.path / "results" / "tiny" / name
        with open_product(folder / "masks-00.h5", "masks") as masks:
            assert masks.scenes
            for scene in masks.scenes:
                patch, pixel = masks.read(scene, "patch_mask"), masks.read(scene, "pixel_mask")
                assert np.array_equal(patch, masks.read(scene, "patch_score") < 0.4)
                assert np.array_equal(pixel, masks.read(scene, "pixel_score") < 0.4)
                weight = masks.read(scene, "weight")
                assert np.array_equal(weight, spread(patch, pixel.shape) * pixel)
                assert masks.scene_attributes(scene)["keep_rate"] == weight.mean(dtype=np.float64)


def test_labels_are_the_teachers_of_the_round_before(finished):
    results = finished.path / "results" / "tiny"
    for before, name in zip(("round-00", "round-01"), ROUNDS, strict=True):
        _, teacher = load_weights(results / before / "teacher.safetensors")
        with open_product(results / name / "uncertainty-00.h5", "uncertainty") as labels:
            assert labels.attributes["weights"] == teacher["content_hash"]
            assert len(labels.scenes) == 4
            for scene in labels.scenes:
                assert labels.read(scene, "sigma").min() >= 1e-3 * 0.99


def test_student_teacher_and_optimizer_are_carried_through_the_rounds(finished):
    results = finished.path / "results" / "tiny"
    steps = [load_weights(results / f"round-{r:02d}" / "student.safetensors")[1]["steps"] for r in range(3)]
    assert steps == [60, 90, 120]
    averaged = [load_weights(results / f"round-{r:02d}" / "teacher.safetensors")[1]["averaged"] for r in range(3)]
    assert averaged == [0, 30, 60]
    moments, _ = load_weights(results / "round-02" / "optimizer.safetensors")
    assert {float(v) for k, v in moments.items() if k.endswith("/step")} == {120.0}


def test_scores_cover_every_test_scene_and_method(finished):
    results = finished.path / "results" / "tiny"
    rounds = pd.read_csv(results / "round-02" / "metrics.csv")
    assert rounds.groupby("method")["scene"].nunique().to_dict() == {"student": 4, "teacher": 4}
    baselines = pd.read_csv(results / "baselines.csv")
    assert {"reference_only/none", "low_exposure_fill/dis", "triangle/mtb", "debevec/none"} <= set(baselines["method"])
    assert np.isfinite(baselines["psnr_mu"]).all()


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("threshold", {"evaluate"}), ("oracle", {"evaluate", "masks"})],
    ids=["threshold", "oracle"],
)
def test_no_command_but_evaluate_and_the_oracle_reads_the_truth_of_unlabelled_scenes(finished, strategy, expected):
    overlay = {"run": "readers", "masks": {"strategy": strategy}}
    printed = finished.snakemake("-n", "-F", "-p", overlay=overlay)
    jobs = re.split(r"\n(?:local)?rule (\w+):\n", printed)[1:]
    readers = {
        rule
        for rule, text in zip(jobs[::2], jobs[1::2], strict=True)
        if "unlabelled-truth" in (re.search(r"input: (.*)", text) or [""])[0]
    }
    assert readers == expected


def test_no_job_reads_validation_scenes(finished):
    printed = finished.snakemake("-n", "-F", "-p")
    assert "validation-00.h5" in printed  # made by prepare
    inputs = [line for line in printed.splitlines() if line.strip().startswith("input:")]
    assert inputs
    assert not [line for line in inputs if "validation" in line]


USERS = {"warmup", "teacher", "teacher_labelled", "student", "evaluate"}


def jobs_with(words, printed):
    jobs = re.split(r"\n(?:local)?rule (\w+):\n", printed)[1:]
    return {rule for rule, text in zip(jobs[::2], jobs[1::2], strict=True) if words in text}


def test_gpu_jobs_say_so(finished):
    # without a limit of GPUs, as SLURM's profile has none, the jobs run where there are some
    configs = ["configs/tiny.yaml"]
    plan = ["snakemake", "-n", "-F", "--cores", "2", "--workflow-profile", "none", "--configfile", *configs]
    assert jobs_with("gpu=1", finished.fork(*plan).stdout) == USERS


@pytest.mark.skipif(not gpu_notice(), reason="this machine has a GPU, which jobs take in turns")
def test_on_a_cpu_two_jobs_share_the_cores(finished):
    configs = ["configs/tiny.yaml"]
    for cores, threads in (("1", 1), ("4", 2), ("64", 8)):
        printed = finished.fork("snakemake", "-n", "-F", "--cores", cores, "--configfile", *configs).stdout
        assert not jobs_with("gpu=1", printed)
        assert (jobs_with(f"threads: {threads}", printed) >= USERS) == (threads > 1)


def test_without_a_gpu_there_is_one_warning(finished):
    assert finished.printed.count("No NVIDIA GPU") <= 1


def test_a_second_run_has_nothing_to_do(finished):
    assert "Nothing to be done" in finished.snakemake()
