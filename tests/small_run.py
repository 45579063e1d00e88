"""A finished run in small, made without training: the files that a report reads."""

import json

import numpy as np
import pandas as pd

from hdrpipe.config.load import check_config, parse_spec, stage_spec
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.files.provenance import write_sidecar
from hdrpipe.imaging.camera import expose
from hdrpipe.imaging.tonemap import display
from hdrpipe.report.tables import Run, scene_scores
from hdrpipe.stages.job import Job
from hdrpipe.stages.report import ReportInputs

SIDE = 96
EV = (-2.0, 0.0, 2.0)
DIFFICULTIES = ("tripod", "handheld", "large-motion")
MEASURES = {"psnr_l": 30.0, "ssim_l": 0.9, "ssim_mu": 0.95, "pu21_psnr": 31.0}
CONFIG = check_config({"run": "small", "rounds": 1, "data": {"dataset": "procedural"}})
QUALITY = {"ause": 0.2, "ause_random": 0.6, "removed_share": 0.7, "rmse": 0.01}
RATES = {"keep_rate_patch": 0.8, "keep_rate_pixel": 0.7, "keep_rate": 0.6}
ARMS = {"labels-alone": 31.5, "matched": 34.2, "all-labels": 35.0}
RISK = {"keep_rate": 0.6, "risk": 4e-4, "kept_risk": 1e-4, "dropped_risk": 8e-4}


def spec():
    return parse_spec("report", stage_spec(CONFIG, "report"))


def job():
    return Job("report", stage_spec(CONFIG, "report"), "code")


def score_rows(method, level, scenes=9):
    """Rows of a metrics table: three groups, three difficulties, scenes of rising quality."""
    return [
        {
            "scene": f"test-{k:03d}",
            "difficulty": DIFFICULTIES[k % 3],
            "group": f"place-{k // 3}",
            "method": method,
            "psnr_mu": level + 0.5 * k,
            **MEASURES,
        }
        for k in range(scenes)
    ]


def scored_run(levels=(33.0, 34.0, 35.0), risks=(4e-4, 3e-4), classical=30.0, scenes=9, **changed):
    """What a report knows of a run of as many rounds as there are risks."""
    baselines = score_rows("triangle/none", classical, scenes)
    rounds = [score_rows("student", level, scenes) for level in levels]
    sigma = QUALITY | changed.get("sigma", {})
    one = {"sigma_test": sigma, "sigma_unlabelled": sigma, "labels": RISK | changed.get("labels", {})}
    one |= changed.get("metrics", {})
    rates = RATES | changed.get("rates", {})
    statistics = [{"unlabelled": rates, "labelled": {**RISK, "kept_risk": risk}} for risk in risks]
    return Run(scene_scores(baselines, rounds), [one] * len(levels), [], statistics, len(levels) - 1)


def make_run(folder):
    """Write all files of a run of one round and return their paths."""
    scenes = folder / "scenes"
    test, pool = [f"test-{k:03d}" for k in range(9)], [f"pool-{k:03d}" for k in range(7)]
    _write(scenes / "test-00.h5", "scenes", {name: _burst(name) for name in test})
    write_truths(scenes / "test-truth-00.h5", test)
    _write(scenes / "unlabelled-00.h5", "scenes", {name: _burst(name) for name in pool})
    last = folder / "round-01"
    made = {"round": 1, "weights": "sha256:0"}
    _write(last / "test.h5", "uncertainty", {name: (_predicted(name), {}) for name in test}, made)
    _write(last / "uncertainty-00.h5", "uncertainty", {name: (_predicted(name), {}) for name in pool}, made)
    _write(last / "masks-00.h5", "masks", {name: _masked(k) for k, name in enumerate(pool)})
    _write_tables(folder)
    rounds = [folder / f"round-{number:02d}" for number in range(2)]
    return ReportInputs(
        baselines=folder / "baselines.csv",
        tables=[path / "metrics.csv" for path in rounds],
        metrics=[path / "metrics.json" for path in rounds],
        histories=[path / "history.csv" for path in rounds],
        statistics=[last / "masks.json"],
        chosen=folder / "chosen.json",
        manifests=[scenes / "manifest-00.json"],
        scenes=[scenes / "test-00.h5"],
        truths=[scenes / "test-truth-00.h5"],
        predicted=[last / "test.h5"],
        unlabelled=[scenes / "unlabelled-00.h5"],
        uncertainty=[last / "uncertainty-00.h5"],
        masks=[last / "masks-00.h5"],
        compared=[folder / "compare" / arm / "round-01" / "scores-test.csv" for arm in ARMS],
    )


def write_truths(path, names):
    """The product of truths of these scenes."""
    _write(path, "truth", {name: (_truth(name), {}) for name in names})


def make_recorded_run(folder):
    """The same with provenance beside every file, of a run named study/small."""
    make_run(folder)
    for number, path in enumerate([*folder.rglob("*.h5"), *folder.rglob("*.csv"), *folder.rglob("*.json")]):
        about = {"stage": "report", "spec": {"run": "study/small", "seed": 3}, "code": "c", "inputs": {}}
        write_sidecar(path, f"sha256:{number}", started=1e9, seconds=20.0, peak_mib=1, **about)


def _write_tables(folder):
    for arm, level in ARMS.items():
        here = folder / "compare" / arm / "round-01"
        here.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(score_rows("", level)).drop(columns="method").to_csv(here / "scores-test.csv", index=False)
    classical = score_rows("low_exposure_fill/dis", 32.0) + score_rows("triangle/none", 28.0)
    pd.DataFrame(classical).to_csv(folder / "baselines.csv", index=False)
    for number in range(2):
        here = folder / f"round-{number:02d}"
        here.mkdir(exist_ok=True)
        rows = score_rows("teacher", 33.0 + number) + score_rows("student", 33.5 + number)
        pd.DataFrame(rows).to_csv(here / "metrics.csv", index=False)
        labels = {"sigma_unlabelled": QUALITY, "labels": RISK} if number else {}
        _json(here / "metrics.json", {"round": number, "sigma_test": QUALITY, **labels})
        history = {"step": [1, 2, 3], "labelled_reconstruction": [0.3, 0.2, 0.1], "labelled_judge": [0.1, 0.0, -0.1]}
        more = {"unlabelled_reconstruction": [0.2, 0.1, 0.1], "unlabelled_judge": [0.1, 0.0, -0.2]} if number else {}
        pd.DataFrame({**history, **more}).to_csv(here / "history.csv", index=False)
    rates = {"keep_rate_patch": 0.8, "keep_rate_pixel": 0.7, "keep_rate": 0.6}
    _json(folder / "round-01" / "masks.json", {"unlabelled": rates, "labelled": RISK})
    _json(folder / "chosen.json", {"round": 1, "rule": "last"})
    source = {"requirement": "some==1.0", "filename": "some.whl", "sha256": "0" * 64, "licence": "CC0-1.0"}
    _json(folder / "scenes" / "manifest-00.json", {"splits": {"test": ["test-000"]}, "files": {}, "sources": [source]})


def _json(path, value):
    path.write_text(json.dumps(value))


def _write(path, kind, scenes, attributes=None):
    rows = ((name, fields, about) for name, (fields, about) in scenes.items())
    write_product(path, SCHEMAS[kind], rows, attributes or {})


def _radiance(name):
    rng = np.random.default_rng([ord(letter) for letter in name])
    return np.kron(rng.random((3, SIDE // 8, SIDE // 8)), np.ones((8, 8))).astype(np.float32)


def _burst(name):
    radiance = _radiance(name)
    ldr = np.stack([expose(radiance, 2.0 ** (ev - EV[0])) for ev in EV])
    fields = {"ldr": np.rint(ldr * 65535).astype(np.uint16), "preview": display(radiance)}
    about = {"ev": list(EV), "reference": 1, "difficulty": "tripod", "group": "place", "sources": "[]"}
    return fields, {**about, "alignment": "[]"}


def _truth(name):
    return {"radiance": _radiance(name), "preview": display(_radiance(name))}


def _predicted(name):
    radiance = _radiance(name)
    sigma = np.linspace(0.001, 0.1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    return {"pseudo_label": (radiance * (1 - sigma)).astype(np.float16), "sigma": sigma, "preview": display(radiance)}


def _masked(kept):
    """Masks that keep more rows of pixels the higher `kept` is."""
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[: 12 * (kept + 1)] = 1
    patches = np.ones((2, 2), np.uint8)
    fields = {
        "patch_score": np.zeros((2, 2), np.float32),
        "patch_mask": patches,
        "pixel_score": np.zeros((SIDE, SIDE), np.float32),
        "pixel_mask": pixels,
        "weight": pixels.astype(np.float16),
    }
    rate = float(pixels.mean())
    return fields, {"keep_rate_patch": 1.0 - 0.05 * kept, "keep_rate_pixel": rate, "keep_rate": rate}
