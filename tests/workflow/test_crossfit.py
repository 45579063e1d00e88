"""Cross-fitting, really run: what is held out, and who reads it."""

import json
import re
import shutil

import harming
import numpy as np
import pytest

from hdrpipe.config.folds import held_out
from hdrpipe.evaluation.uncertainty import error_map
from hdrpipe.files.product.hdf5 import open_product
from hdrpipe.files.weights import load_weights

FOLDS = {"crossfit": {"folds": 2}}
JUDGE = {"loss": {"judge_folds": 2}}
LIMITS = {"strategy": "calibrated", "options": {"control": "empirical", "risk_pixel": 0.8}}
ONE = {**FOLDS, **JUDGE, "rounds": 1, "masks": LIMITS}


@pytest.fixture(scope="module")
def crossfitted(finished, tmp_path_factory):
    """A copy of the checkout whose first round is cross-fitted."""
    checkout = type(finished)(shutil.copytree(finished.path, tmp_path_factory.mktemp("crossfit") / "checkout"))
    checkout.snakemake(overlay=ONE)
    return checkout


def jobs(checkout, overlay):
    """(rule, inputs, outputs) of all jobs of a dry run."""
    printed = checkout.snakemake("-n", "-F", overlay=overlay)
    found = re.findall(r"rule (\w+):\n    input: (.*)\n    output: (.*)\n", printed)
    assert len(found) > 10
    return [(rule, inputs.split(", "), outputs.split(", ")) for rule, inputs, outputs in found]


def test_without_folds_nothing_of_them_appears(finished):
    for rule, inputs, outputs in jobs(finished, {}):
        assert rule not in {"fold", "crossfit"}
        assert not [path for path in (*inputs, *outputs) if "fold" in path or "crossfit" in path]


@pytest.mark.parametrize(("overlay", "trainings"), [(FOLDS, 4), (JUDGE, 6), ({**FOLDS, **JUDGE}, 6)])
def test_no_job_of_a_fold_reads_what_has_learned_from_its_scenes(finished, overlay, trainings):
    trained = 0
    for rule, inputs, outputs in jobs(finished, overlay):
        own = re.match(r"results/tiny/(fold-\d-of-2)/", outputs[0])
        if own:
            trained += rule in {"warmup", "student"}
            for path in inputs:
                allowed = (
                    f"results/tiny/{own[1]}/",
                    f"results/tiny/scenes/{own[1]}/",
                    "results/tiny/scenes/unlabelled-0",
                )
                assert path.startswith(allowed), f"{rule} of {own[1]} reads {path}"
    assert trained == trainings


def test_a_cross_fitted_judge_reads_networks_that_trained_for_as_many_rounds(finished):
    read = {}
    for rule, inputs, outputs in jobs(finished, JUDGE):
        if rule in {"warmup", "student", "masks"} and "fold-" not in outputs[0]:
            read[outputs[0].split("/")[2], rule] = [path for path in inputs if "crossfit" in path]
    asked = [[f"results/tiny/round-{k:02d}/crossfit-{fold}-of-2.h5" for fold in range(2)] for k in range(4)]
    assert read["round-00", "warmup"] == asked[1]
    assert read["round-01", "student"] == asked[2]
    assert read["round-02", "student"] == asked[3]
    assert read["round-01", "masks"] == [], "limits and kept risk ask for folds of their own, by another key"


def test_a_cross_fitted_judge_learns_them(crossfitted):
    run = crossfitted.path / "results" / "tiny"
    for number in range(2):
        told = json.loads((run / f"round-{number:02d}" / "student.safetensors.json").read_text())
        for fold in range(2):
            name = f"crossfit-{fold}-of-2.h5"
            held = json.loads((run / f"round-{number + 1:02d}" / f"{name}.json").read_text())
            assert told["inputs"][name] == held["content_hash"]
    alone = json.loads((run / "fold-0-of-2" / "round-00" / "student.safetensors.json").read_text())
    assert alone["spec"]["loss"]["judge_folds"] == 0


def test_the_held_out_scenes_are_not_in_the_files_that_train(crossfitted):
    folder = crossfitted.path / "results" / "tiny" / "scenes"
    with open_product(folder / "labelled-truth-00.h5", "truth") as product:
        scenes = product.scenes
        first = product.read(scenes[0], "radiance")
    for fold in range(2):
        here, held = folder / f"fold-{fold}-of-2", set(held_out(scenes, fold, 2))
        for name, kind, wanted in (
            ("labelled", "scenes", set(scenes) - held),
            ("labelled-truth", "truth", set(scenes) - held),
            ("held-out", "scenes", held),
        ):
            with open_product(here / f"{name}-00.h5", kind) as product:
                assert set(product.scenes) == wanted
                if kind == "truth" and scenes[0] in wanted:
                    assert np.array_equal(product.read(scenes[0], "radiance"), first)


def test_a_fold_predicts_its_scenes_with_its_own_teacher(crossfitted):
    run = crossfitted.path / "results" / "tiny"
    for fold in range(2):
        _, teacher = load_weights(run / f"fold-{fold}-of-2" / "round-00" / "teacher.safetensors")
        with open_product(run / "round-01" / f"crossfit-{fold}-of-2.h5", "uncertainty") as product:
            assert product.attributes["weights"] == teacher["content_hash"]
            assert len(product.scenes) == 1
            assert json.loads(product.provenance)["inputs"]["held-out-00.h5"].startswith("sha256:")


def test_the_kept_risk_is_that_of_held_out_scenes(crossfitted):
    run = crossfitted.path / "results" / "tiny"
    told = json.loads((run / "round-01" / "masks.json").read_text())
    squared = []
    with open_product(run / "scenes" / "labelled-truth-00.h5", "truth") as truth:
        for fold in range(2):
            with open_product(run / "round-01" / f"crossfit-{fold}-of-2.h5", "uncertainty") as product:
                for scene in product.scenes:
                    estimate = product.read(scene, "pseudo_label").astype(np.float32)
                    squared.append(np.square(error_map(estimate, truth.read(scene, "radiance"))))
    assert told["labelled"]["risk"] == pytest.approx(float(np.mean(squared)), rel=1e-5)
    assert told["crossfit"]["folds"] == 2
    assert told["crossfit"]["trained_on"]["risk"] != told["labelled"]["risk"]
    assert 0 < told["labelled"]["keep_rate"] < 1


def test_a_preview_measures_on_held_out_scenes_too(crossfitted):
    place = crossfitted.path / "results" / "tiny" / "round-01"
    told = json.loads((place / "masks.json").read_text())
    done = crossfitted.fork("hdrpipe", "preview", "tiny", "--round", "1", "--strategy", "calibrated")
    (used,) = [line for line in done.stdout.splitlines() if line.startswith(">")]
    assert used.split()[-3] == f"{told['labelled']['kept_risk'] ** 0.5:.4f}"


def test_a_second_run_has_nothing_to_do(crossfitted):
    assert crossfitted.plan(overlay=ONE) == {}


def test_the_rule_runs_no_training_more(crossfitted):
    assert crossfitted.plan(overlay={**ONE, "choose": {"rule": "selective-risk"}}) == {"choose": 1, "report": 1}


def test_the_shipped_study_scores_the_chosen_round_of_its_rollback(finished):
    printed = finished.fork("snakemake", "-n", "study", "--configfile", "configs/crossfit.yaml").stdout
    assert re.search(r"\nscore_chosen +3\n", printed)
    assert "rollback/chosen/scores-validation.csv" in printed
    assert "three_rounds/round-03/scores-validation.csv" in printed
    warmed = re.findall(r"output: results/crossfit/noise/draw-0/seed-0/(\S+)/round-00/student", printed)
    folds = [f"/fold-{fold}-of-5" for fold in range(5)]
    assert sorted(name for name in warmed if "-" not in name.split("/")[0]) == [
        "warmup",
        *(f"warmup{f}" for f in folds),
    ]
    judges = sorted(re.sub("^warmup-[0-9a-f]{6}", "", name) for name in warmed if "-" in name.split("/")[0])
    assert judges == ["", "", *folds], "a judge of its own needs a warm-up of its own, a cross-fitted one its folds too"


@harming.harms
@pytest.mark.parametrize(
    ("name", "rule", "reader"),
    [
        ("scenes/fold-0-of-2/labelled-00.h5", "fold", "fold-0-of-2/round-00/student.safetensors"),
        ("round-01/crossfit-0-of-2.h5", "crossfit", "round-01/masks.json"),
    ],
    ids=["fold", "crossfit"],
)
def test_what_holds_out_is_checked_by_its_next_reader(crossfitted, name, rule, reader, harm, count):
    commands = harming.commands(crossfitted.snakemake("-n", "-F", "-p", overlay=ONE))
    home = "results/tiny"
    harming.assert_refused(crossfitted, "tiny", f"{home}/{name}", rule, commands[f"{home}/{reader}"], harm)
    count("R20")
