"""Commands that look at a finished run, through the real command line."""

import json
import re
import shutil

import cv2
import h5py
import pandas as pd
import pytest

LABELS = "results/tiny/round-01/uncertainty-00.h5"
MASKS = "results/tiny/round-01/masks-00.h5"


@pytest.fixture(scope="module")
def copy(finished, tmp_path_factory):
    """The finished run in a folder of its own, to be damaged."""
    return type(finished)(shutil.copytree(finished.path, tmp_path_factory.mktemp("tools") / "copy"))


def said(checkout, *arguments, code=0):
    done = checkout.fork("hdrpipe", *arguments)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout if code == 0 else done.stderr


def test_status_of_a_finished_run_says_done_everywhere(finished):
    text = said(finished, "status", "tiny")
    assert text.startswith("results/tiny: 17 done")
    rows = {line.split()[0]: line for line in text.splitlines()[3:]}
    assert {"warmup", "teacher-02-00", "masks-02", "student-02", "report"} <= set(rows)
    assert "60/60" in rows["warmup"]
    assert all(" done " in row for row in rows.values())


def test_verify_finds_a_whole_run_whole(finished):
    assert said(finished, "verify", "tiny").endswith("all intact\n")


@pytest.mark.parametrize(
    "name", [LABELS, MASKS, "results/tiny/round-02/student.safetensors", "results/tiny/chosen.json"]
)
def test_verify_names_the_damaged_file_and_the_command_that_rebuilds_it(copy, name):
    path = copy.path / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    try:
        error = said(copy, "verify", "results/tiny", code=4)
    finally:
        path.write_bytes(whole)
    assert error.count("\n") == 1
    assert f"snakemake --cores all -R {name} --configfile configs/tiny.yaml" in error
    assert "1 of 46 files" in error


def test_verify_finds_a_missing_product(copy):
    path = copy.path / LABELS
    whole = path.read_bytes()
    path.unlink()
    try:
        assert LABELS in said(copy, "verify", "tiny", code=4)
    finally:
        path.write_bytes(whole)


def empty(path):
    path.write_bytes(b"")


def alter(path):
    with h5py.File(path, "r+") as file:
        file[next(iter(file))]["weight"][0, 0] = 0.25


@pytest.mark.parametrize(
    ("name", "harm"),
    [("results/tiny/summary.json", empty), pytest.param(MASKS, alter, marks=pytest.mark.slow)],
    ids=["summary", "masks"],
)
def test_the_command_that_verify_names_does_rebuild(copy, name, harm):
    harm(copy.path / name)
    error = said(copy, "verify", "tiny", code=4)
    done = copy.fork(*error.split("make them again: ")[1].split())
    assert done.returncode == 0, done.stderr
    assert "all intact" in said(copy, "verify", "tiny")


def test_snakemakes_own_report_holds_the_page_and_the_tables(finished):
    finished.snakemake("--report", "whole.html")
    text = (finished.path / "whole.html").read_text(encoding="utf-8")
    for word in ("report.html", "figure.png", "summary.csv", "report to read", "warm-up on 2 labelled bursts"):
        assert word in text, word
    assert not re.findall(r"(?:src|href)=\"https?:", text)


def test_inspect_tells_fields_scenes_and_provenance(finished):
    text = said(finished, "inspect", LABELS)
    with h5py.File(finished.path / LABELS) as file:
        for scene in file:
            assert f"\n{scene} " in text
        teacher = file.attrs["weights"].decode()
    assert "uncertainty version 4, made by the rule 'teacher', 4 scenes" in text
    assert "sigma         float32  64 x 64      mu-law" in text
    assert f"from: teacher.safetensors {teacher[:19]}..." in text
    assert "made by: teacher, code " in text


def test_inspect_tells_keep_rates(finished):
    table = json.loads((finished.path / "results/tiny/round-01/masks.json").read_text())["unlabelled"]
    lines = said(finished, "inspect", MASKS).splitlines()
    start = next(k for k, line in enumerate(lines) if "keep_rate_patch" in line) + 2
    rates = [float(line.split()[-1]) for line in lines[start : start + 4]]
    assert sum(rates) / 4 == pytest.approx(table["keep_rate"], abs=2e-3)


def test_inspect_as_csv_has_a_row_for_each_field_of_each_scene(finished, tmp_path):
    (tmp_path / "a.csv").write_text(said(finished, "inspect", LABELS, "--csv"))
    table = pd.read_csv(tmp_path / "a.csv")
    assert len(table) == 4 * 3
    assert (table["min"] <= table["mean"]).all()
    assert (table["mean"] <= table["max"]).all()


def test_inspect_draws_a_scene_with_its_masks_and_error(finished, tmp_path):
    with h5py.File(finished.path / LABELS) as file:
        scene = next(iter(file))
    out = tmp_path / "scene.png"
    assert f"wrote {out}" in said(finished, "inspect", LABELS, "--scene", scene, "--png", str(out))
    height, width, _ = cv2.imread(str(out)).shape
    assert width == 1280  # four columns: three exposures, label, truth, sigma, error, both masks, what is left
    assert height > 900


def test_inspect_compares_two_rounds(finished):
    text = said(finished, "inspect", LABELS, LABELS.replace("01", "02", 1))
    assert "uncertainty: 4 scenes in common, different content" in text
    assert "mean |A-B|" in text
    assert "the same content" in said(finished, "inspect", LABELS, LABELS)


def test_inspect_reads_weights(finished):
    text = said(finished, "inspect", "results/tiny/round-02/student.safetensors")
    assert "steps: 120" in text
    assert "role: student" in text
    assert "\nmade by: student, code " in text
    assert '"seed": 0' in text
    assert "\nfrom: teacher sha256:" in text


def test_compare_pairs_scenes_and_names_what_was_set_differently(finished, tmp_path):
    other = finished.path / "results" / "other"
    shutil.copytree(finished.path / "results" / "tiny", other)
    try:
        (other / "chosen.json.json").unlink()
        (other / "chosen.json").write_text('{"round": 1}')
        text = said(finished, "compare", "other", "tiny")
    finally:
        shutil.rmtree(other)
    assert "A  results/other, student of round 1" in text
    assert "B  results/tiny, student of round 2" in text
    assert "4 test scenes in 2 groups" in text
    assert "settings: the same" in text


def test_preview_tries_strategies_and_marks_the_one_in_use(finished, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in (finished.path / "results" / "tiny").rglob("*")}
    text = said(finished, "preview", "tiny", "--values", "0.3,0.6", "--png", str(tmp_path / "p.png"))
    rows = [line for line in text.splitlines() if re.match(r">? +(threshold|quantile|soft) ", line)]
    assert len(rows) >= 3 * 4
    (used,) = [row for row in rows if row.startswith(">")]
    assert used.split()[1:4] == ["threshold", "0.4", "0.4"]
    statistics = json.loads((finished.path / "results/tiny/round-02/masks.json").read_text())
    assert used.split()[-3] == f"{statistics['labelled']['kept_risk'] ** 0.5:.4f}"
    assert used.split()[8] == f"{100 * statistics['unlabelled']['keep_rate']:.0f}"
    assert "left out: oracle" in text
    assert cv2.imread(str(tmp_path / "p.png")).shape[1] > 800
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_label_next_ranks_and_draws(finished, tmp_path):
    text = said(finished, "label-next", "tiny", "--count", "3", "--png", str(tmp_path / "next.png"))
    rows = text.splitlines()[2:5]
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert len({row.split()[1] for row in rows}) == 3
    assert cv2.imread(str(tmp_path / "next.png")).shape[1] == 1280


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["inspect", LABELS, "--scene", "nowhere"], 2, "there is no scene 'nowhere' in this product; it has pool-"),
        (["inspect", LABELS, "--png", "x.png"], 2, "add --scene NAME"),
        (["inspect", LABELS, MASKS], 2, "is of kind 'masks'"),
        (["inspect", "config.yaml"], 4, "is not an HDF5 file"),
        (["inspect", "missing.h5"], 3, "no such file"),
        (["status", "tyny"], 2, "did you mean 'tiny'?"),
        (["verify", "hdrpipe"], 2, "there is no such run"),
        (["preview", "tiny", "--strategy", "quantil"], 2, "did you mean 'quantile'?"),
        (["preview", "tiny", "--values", "a"], 2, "not a list of numbers"),
        (["preview", "tiny", "--round", "7"], 3, "no uncertainty maps yet"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_words_are_one_line(finished, arguments, code, words):
    error = said(finished, *arguments, code=code)
    assert words in error
    assert error.count("\n") == 1
