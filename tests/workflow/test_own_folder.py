"""Training on a folder of one's own reaches a report, with a test burst and without."""

import json

import pytest
import yaml
from layouts import own

from hdrpipe.files.product.hdf5 import open_product

TINY = {
    "rounds": 1,
    "warmup": {"steps": 8, "crop": 32, "batch": 2},
    "student": {"steps": 4, "crop": 32, "batch": 2, "unlabelled_batch": 2},
}


def run(checkout, name, root, *arguments):
    settings = {"run": name, "data": {"options": {"root": str(root)}}, **TINY}
    (checkout.path / "own.yaml").write_text(yaml.safe_dump(settings))
    configs = ["configs/folder.yaml", "own.yaml"]
    done = checkout.fork("snakemake", "--cores", "2", *arguments, "--configfile", *configs)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("test", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_two_labelled_and_four_unlabelled_bursts_reach_a_report(finished, tmp_path, test):
    own(tmp_path / "data", 2, 4, test)
    printed = run(finished, f"own{test}", tmp_path / "data")
    results = finished.path / "results" / f"own{test}"
    assert "report.html" in printed
    assert (results / "report.html").stat().st_size > 10_000
    summary = (results / "summary.md").read_text()
    assert ("No test scene has HDR truth" in summary) == (test == 0)
    assert ("PSNR-mu" in summary) == (test == 1)
    with open_product(results / "scenes" / "unlabelled-00.h5", "scenes") as product:
        assert len(product.scenes) == 4
        assert {product.scene_attributes(scene)["exposures"] for scene in product.scenes} == {"exif"}
    manifest = json.loads((results / "scenes" / "manifest-00.json").read_text())
    assert {split: len(names) for split, names in manifest["splits"].items()} == {
        "labelled": 2, "unlabelled": 4, "validation": 0, "test": test,
    }  # fmt: skip
    assert len(manifest["files"]["labelled0"]["labelled0/1.png"]) == 64
    assert "Nothing to be done" in run(finished, f"own{test}", tmp_path / "data", "-n")
    picture = tmp_path / "data" / "more" / "burst0" / "IMG_0.jpg"
    picture.touch()
    assert "rule prepare" not in run(finished, f"own{test}", tmp_path / "data", "-n")
    picture.write_bytes(picture.read_bytes() + b" ")
    assert "rule prepare" in run(finished, f"own{test}", tmp_path / "data", "-n")
