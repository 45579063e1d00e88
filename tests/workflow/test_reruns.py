"""Which jobs a change asks for: exactly these, no others."""

import shutil

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
    ({"data": {"options": {"lab": 3}}}, ALL),
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
    ({"student": {"precision": "bf16"}}, TAUGHT),
    ({"warmup": {"weights": "results/tiny/round-01/student.safetensors"}}, TRAINED),
    ({"masks": {"options": {"tau_pixel": 0.5}}}, MASKED),
    ({"masks": {"level": "pixel"}}, MASKED),
    ({"masks": {"strategy": "quantile"}}, MASKED),
    ({"masks": {"strategy": "oracle"}}, MASKED),
    ({"masks": {"strategy": "similarity"}}, MASKED),
    ({"teacher": {"average": "moves"}}, {**MASKED, "teacher": 2, "teacher_labelled": 2}),
    ({"teacher": {"shards": 2}}, {**MASKED, "teacher": 4}),
    ({"student": {"lr": 0.001}}, TAUGHT),
    ({"student": {"unlabelled_augmentation": "harder"}}, TAUGHT),
    ({"student": {"labelled_augmentation": "strong"}}, TAUGHT),
    ({"student": {"labelled_augmentation": "harder"}}, TAUGHT),
    ({"student": {"physics_weight": 0.3}}, TAUGHT),
    ({"student": {"unlabelled_batch": 0}}, {"student": 2, "evaluate": 2}),
    ({"loss": {"judge_folds": 2}}, JUDGED),
    ({"study": {"split": "test"}}, {}),
    (
        {"rounds": 3},
        {"teacher": 1, "teacher_labelled": 1, "masks": 1, "student": 1, "evaluate": 1, "choose": 1, "report": 1},
    ),
    ({"run": "other"}, ALL),
    ({"crossfit": {"folds": 2}}, FOLDED),
    ({"crossfit": {"folds": 2}, "choose": {"rule": "kept-risk"}}, FOLDED),
]

CODE = [
    ("datasets/procedural.py", ALL),
    ("datasets/panorama.py", {}),
    ("imaging/align.py", SCENES),
    ("models/merge_net.py", TRAINED),
    ("learning/loss.py", TRAINED),
    ("learning/physics.py", TRAINED),
    ("masking/threshold.py", MASKED),
    ("masking/quantile.py", {}),
    ("masking/similarity.py", {}),
    ("stages/student.py", TAUGHT),
    ("stages/study.py", {}),
    ("stages/fold.py", {}),
    ("stages/choose.py", {"choose": 1, "report": 1}),
    ("stages/report.css", {"report": 1}),
    ("cli/masks.py", {}),
]


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


@pytest.mark.parametrize(("name", "jobs"), CODE, ids=[name for name, _ in CODE])
def test_a_code_edit_reruns_exactly(finished, name, jobs):
    path = finished.path / "hdrpipe" / name
    before = path.read_text()
    path.write_text(before + ("\nEDITED = 1\n" if path.suffix == ".py" else "\nb { color: red }\n"))
    try:
        assert finished.plan() == jobs
    finally:
        path.write_text(before)


@pytest.mark.parametrize("name", ["learning/loss.py", "stages/masks.py", "files/hdf5.py"])
def test_comments_and_docstrings_rerun_nothing(finished, name):
    path = finished.path / "hdrpipe" / name
    before = path.read_text()
    path.write_text(before.replace('"""', '"""Said otherwise: ', 1) + "\n# a remark\n")
    try:
        assert finished.plan() == {}
    finally:
        path.write_text(before)


def test_an_emptied_product_stops_its_reader_with_its_name_and_rule(finished, tmp_path):
    copy = type(finished)(shutil.copytree(finished.path, tmp_path / "copy"))
    (copy.path / "results" / "tiny" / "round-02" / "uncertainty-00.h5").write_bytes(b"")
    printed = copy.snakemake("-f", "results/tiny/round-02/masks-00.h5", fails=True)
    line = next(line for line in printed.splitlines() if line.startswith("hdrpipe: error:"))
    assert "uncertainty-00.h5" in line
    assert "teacher" in line
