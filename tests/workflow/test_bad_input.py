"""What a user gets to see when something is wrong, and that nothing is left half-written."""

from shutil import copytree

import pytest
import yaml
from checkout import Checkout


@pytest.mark.parametrize(
    ("overlay", "words"),
    [
        ({"masks": {"options": {"tau_path": 0.3}}}, ["masks.options.tau_path", "tau_patch"]),
        ({"studnet": {"lr": 0.1}}, ["studnet", "student"]),
        ({"data": {"labelled": 0}}, ["data.labelled"]),
        ({"choose": {"rule": "selective-risk"}}, ["choose.rule", "held-out", "crossfit.folds"]),
        ({"crossfit": {"folds": 3}}, ["crossfit.folds", "at least 3 labelled scenes; there are 2"]),
        ({"data": {"options": {"ev": [2, 0, -2]}}}, ["data.options.ev", "ascend"]),
        ({"loss": {"vgg_weights": "gone.pth"}}, ["gone.pth", "loss.vgg_weights"]),
        ({"devices": 2}, ["devices", "--resources gpu=2"]),
        ({"devices": 3}, ["warmup.batch", "multiple of 3"]),
        ({"warmup": {"weights": "gone.safetensors"}}, ["gone.safetensors", "warmup.weights"]),
        ({"teacher": {"source": "gone.safetensors"}}, ["gone.safetensors: no weights file", "teacher.source"]),
        ({"teacher": {"source": "averag"}}, ["teacher.source", "wanted average, denoised, or a weights file"]),
        ({"student": {"physics_weight": 1, "consistency_weight": 1}}, ["student.physics_weight", "is the old name"]),
    ],
    ids=str,
)
def test_a_wrong_config_stops_before_any_job(finished, overlay, words):
    printed = finished.snakemake("-n", overlay=overlay, fails=True)
    line = next(line for line in printed.splitlines() if "config:" in line)
    for word in words:
        assert word in line
    assert "Job stats" not in printed
    assert "Traceback" not in printed


def test_an_old_name_runs_and_is_named_in_one_line(finished):
    printed = finished.snakemake("-n", overlay={"student": {"physics_weight": 0.0}})
    assert "Nothing to be done" in printed  # it is the default
    assert printed.count("config: `student.physics_weight` is now `student.consistency_weight`") == 1


def test_a_missing_panorama_is_one_line_and_exit_3(finished, tmp_path):
    (tmp_path / "sources.json").write_text("[]")
    spec = '{"data":{"dataset":"panorama","options":{}}}'
    done = finished.fork(
        "hdrpipe", "prepare", "--spec", spec, "--sources", str(tmp_path / "sources.json"), "--out",
        str(tmp_path / "out"), "--cache", str(tmp_path / "none"),
    )  # fmt: skip
    assert done.returncode == 3
    assert done.stderr.count("hdrpipe: error:") == 1
    assert str(tmp_path / "none") in done.stderr.splitlines()[-1]
    assert done.stderr.count("archive of panoramas is missing") == 1
    assert not list(tmp_path.rglob("*.h5"))


def test_too_many_labels_are_told(finished, tmp_path):
    (tmp_path / "sources.json").write_text("[]")
    spec = '{"data":{"dataset":"procedural","options":{},"labelled":99}}'
    done = finished.fork(
        "hdrpipe",
        "prepare",
        "--spec",
        spec,
        "--sources",
        str(tmp_path / "sources.json"),
        "--out",
        str(tmp_path / "out"),
    )
    assert done.returncode == 2
    assert "data.labelled" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(("words", "code"), [(["nonsense"], 2), (["masks", "--nope"], 2), (["--version"], 0)])
def test_usage_has_its_own_exit_code(finished, words, code):
    assert finished.fork("hdrpipe", *words).returncode == code


def test_a_damaged_product_is_one_line_and_exit_4(finished, tmp_path):
    results = finished.path / "results" / "tiny"
    damaged = tmp_path / "unlabelled-00.h5"
    data = bytearray((results / "scenes" / "unlabelled-00.h5").read_bytes())
    data[len(data) // 2] ^= 255
    damaged.write_bytes(data)
    done = finished.fork(
        "hdrpipe", "teacher", "--weights", str(results / "round-00" / "teacher.safetensors"), "--scenes",
        str(damaged), "--round", "1", "--out", str(tmp_path / "out.h5"), "--state", str(tmp_path / "state"),
    )  # fmt: skip
    assert done.returncode == 4
    assert str(damaged) in done.stderr.splitlines()[-1]
    assert not (tmp_path / "out.h5").exists()


def test_a_full_disk_is_exit_5_and_leaves_nothing(finished, tmp_path):
    """The file size limit of the shell stands in for a full disk."""
    spec = '{"data":{"dataset":"procedural","options":{},"labelled":2}}'
    (tmp_path / "sources.json").write_text("[]")
    words = f"--spec '{spec}' --sources sources.json --out {tmp_path}/out --log /dev/full"
    command = f"ulimit -f 40; exec hdrpipe prepare {words}"
    done = finished.call("bash", "-c", f"cd {tmp_path} && {command}")
    assert done.returncode == 5
    assert done.stderr.count("hdrpipe: error:") == 1
    assert "Traceback" not in done.stderr  # for the lines of the log that are lost
    assert not [path for path in (tmp_path / "out").rglob("*") if path.suffix == ".h5" or "tmp" in path.name]


def test_a_log_that_cannot_be_written_is_exit_3(finished, tmp_path):
    (tmp_path / "sources.json").write_text("[]")
    spec = '{"data":{"dataset":"procedural","options":{},"labelled":2}}'
    words = ["--spec", spec, "--sources", str(tmp_path / "sources.json"), "--out", str(tmp_path / "out")]
    done = finished.fork("hdrpipe", "prepare", *words, "--log", "/proc/nowhere/x.log")
    assert done.returncode == 3
    assert done.stderr.startswith("hdrpipe: error: /proc/nowhere/x.log: cannot be written")
    assert done.stderr.count("\n") == 1


def test_an_overlay_is_a_deep_merge(finished):
    assert finished.plan(overlay={"warmup": {"batch": 4}}) == {}
    assert yaml.safe_load((finished.path / "configs" / "tiny.yaml").read_text())["warmup"]["steps"] == 60


def test_a_bound_that_two_labelled_scenes_cannot_give_is_told(finished, tmp_path):
    checkout = Checkout(copytree(finished.path, tmp_path / "checkout"))  # in which the masks may be missing then
    overlay = {"run": "tiny", "masks": {"strategy": "calibrated", "options": {"risk_pixel": 0.2}}}
    printed = checkout.snakemake("results/tiny/round-01/masks-00.h5", overlay=overlay, fails=True)
    line = next(line for line in printed.splitlines() if line.startswith("hdrpipe: error:"))
    assert "masks.options.risk_pixel" in line
    assert "need 4 scenes" in line


def test_more_shards_than_a_command_can_name_stop_before_any_job(finished):
    printed = finished.snakemake("-n", overlay={"teacher": {"shards": 1000}}, fails=True)
    assert "1000 shards make commands longer than Linux allows; set at most" in printed
    assert "Job stats" not in printed
