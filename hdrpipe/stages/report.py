"""Stage `report`: the tables of a run, its page, and an overview picture."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hdrpipe.config.load import Config
from hdrpipe.errors import InputError
from hdrpipe.evaluation.uncertainty import error_map
from hdrpipe.files.atomic import write_bytes, write_json, write_text
from hdrpipe.files.manifests import read_manifests
from hdrpipe.files.product.hdf5 import Product
from hdrpipe.files.product.shards import Shards
from hdrpipe.files.recorded import read_json
from hdrpipe.files.rows import read_rows, write_rows
from hdrpipe.report.costs import cost_rows, neighbours
from hdrpipe.report.figures import charts
from hdrpipe.report.gallery import test_cards, unlabelled_cards, worst_first
from hdrpipe.report.gap import gap_of
from hdrpipe.report.page import Content, page
from hdrpipe.report.strip import strip_png
from hdrpipe.report.tables import Row, Run, arm_scores, headline, markdown, scene_scores, summary_rows
from hdrpipe.report.verdict import round_rows, verdict
from hdrpipe.stages.job import Job

POOLED_PIXELS = 1_000_000
"""Most pixels that enter the curves of sigma; beyond it scenes are thinned by a fixed stride."""

STEPS = 4


@dataclass(frozen=True)
class ReportInputs:
    """Files that a report is made from.

    `tables`, `metrics` and `histories` are those of rounds 0, 1, ..., `statistics` those of rounds 1, 2, ...;
    `predicted`, `uncertainty` and `masks` are products of the chosen round, or of all that could be chosen; `noise` is
    `noise.json` where labels were matched, `compared` the scores of the arms of `compare`. Truth of unlabelled scenes
    is not among them: `evaluate` has measured the pseudo labels against it.
    """

    baselines: Path
    tables: Sequence[Path]
    metrics: Sequence[Path]
    histories: Sequence[Path]
    statistics: Sequence[Path]
    chosen: Path
    manifests: Sequence[Path]
    scenes: Sequence[Path]
    truths: Sequence[Path]
    predicted: Sequence[Path]
    unlabelled: Sequence[Path]
    uncertainty: Sequence[Path]
    masks: Sequence[Path]
    noise: Sequence[Path] = ()
    compared: Sequence[Path] = ()


def report(spec: Config, files: ReportInputs, out: Path, job: Job) -> None:
    """Write `summary.csv`, `summary.json`, `summary.md`, `report.html` and `figure.png` into `out`.

    Args:
        spec: all sections of the config, which the page lists.
        files: see `ReportInputs`.
        out: folder of the outputs.
        job: provenance and progress.

    Raises:
        InputError: a product is not of the chosen round.
    """
    run = read_run(files)
    chosen_files = _of_round(files, run.chosen)
    with ExitStack() as stack:
        scenes, truths = Shards(files.scenes, "scenes", stack), Shards(files.truths, "truth", stack)
        predicted = Shards(chosen_files.predicted, "uncertainty", stack)
        pool, labels = Shards(files.unlabelled, "scenes", stack), Shards(chosen_files.uncertainty, "uncertainty", stack)
        masks = Shards(chosen_files.masks, "masks", stack)
        _check_round(run, [*predicted.products, *labels.products])
        rows, result, gap = summary_rows(run), headline(run), gap_of(run)
        curves = charts(run, *(_pooled(predicted, truths) if run.scored else ()))
        job.progress(1, STEPS, "curves")
        tests = test_cards(run, scenes, truths, predicted)
        job.progress(2, STEPS, "test scenes")
        unlabelled = unlabelled_cards(pool, labels, masks)
        figure = strip_png(pool, labels, masks)
        job.progress(3, STEPS, "unlabelled scenes")
        hashes = [shards.hashes for shards in (scenes, truths, predicted, pool, labels, masks)]
    content = Content(
        headline=result,
        verdict=verdict(run, result, gap),
        gap=gap,
        rows=rows,
        rounds=round_rows(run),
        worst=worst_rows(run),
        costs=cost_rows(neighbours(_files(files))),
        charts=curves,
        tests=tests,
        unlabelled=unlabelled,
        manifest=read_manifests(files.manifests),
    )
    html = page(spec, content)
    write_rows(out / "summary.csv", rows, decimals=5)
    sentences = [sentence.text for sentence in content.verdict]
    write_json(out / "summary.json", {"run": spec.run, "gap": gap, **result, "verdict": sentences, "methods": rows})
    write_text(out / "summary.md", markdown(spec.run, result, rows, sentences))
    write_text(out / "report.html", html)
    write_bytes(out / "figure.png", figure)
    for output in ("summary.csv", "summary.json", "summary.md", "report.html", "figure.png"):
        job.record(out / output, {key: value for digests in hashes for key, value in digests.items()})
    job.progress(STEPS, STEPS, str(out / "report.html"))


def read_run(files: ReportInputs) -> Run:
    """Contents of the small files of a run; DamagedError if one does not match its provenance."""
    choice = read_json(files.chosen, "choose")
    return Run(
        scores=scene_scores(
            read_rows(files.baselines, "baselines"), [read_rows(path, "evaluate") for path in files.tables]
        ),
        metrics=[read_json(path, "evaluate") for path in files.metrics],
        histories=[
            _columns(read_rows(path, rule))
            for path, rule in zip(files.histories, ("warmup", *["student"] * len(files.histories)), strict=False)
        ],
        statistics=[read_json(path, "masks") for path in files.statistics],
        chosen=int(choice["round"]),
        noise=next((read_json(path, "match") for path in files.noise), None),
        compared={path.parent.parent.name: arm_scores(read_rows(path, "score")) for path in files.compared},
        why="" if choice.get("rule", "last") == "last" else choice["why"],
    )


def worst_rows(run: Run) -> list[Row]:
    """Test scenes of the chosen student, the worst first, with the difference to the best classical merge (dB)."""
    if not run.scored:
        return []
    classical = {score.scene: score.psnr_mu for score in run.of(run.baseline)}
    return [
        {
            "scene": score.scene,
            "difficulty": score.difficulty,
            "group": score.group,
            "psnr_mu": score.psnr_mu,
            "difference": score.psnr_mu - classical[score.scene],
        }
        for score in worst_first(run)
    ]


def _files(files: ReportInputs) -> list[Path]:
    paths: list[Path] = []
    for value in vars(files).values():
        paths += [value] if isinstance(value, Path) else value
    return paths


def _of_round(files: ReportInputs, number: int) -> ReportInputs:
    """The same files, with the products of one round only, where there are any."""
    folder = f"round-{number:02d}"
    products = {name: getattr(files, name) for name in ("predicted", "uncertainty", "masks")}
    return replace(files, **{k: [p for p in v if p.parent.name == folder] or v for k, v in products.items()})


def _columns(rows: Sequence[Row]) -> dict[str, NDArray]:
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def _check_round(run: Run, products: Sequence[Product]) -> None:
    for product in products:
        if product.attributes["round"] != run.chosen:
            raise InputError(
                f"belongs to round {product.attributes['round']}, but round {run.chosen} is chosen", product.path
            )


def _pooled(predicted: Shards, truths: Shards) -> tuple[NDArray, NDArray]:
    """Error and sigma (1-D) of pixels of all test scenes with truth."""
    errors, sigmas = [], []
    scenes = [scene for scene in predicted.scenes if scene in truths]
    most = POOLED_PIXELS // len(scenes)
    for scene in scenes:
        product = predicted.of(scene)
        sigma = product.read(scene, "sigma")
        error = error_map(
            product.read(scene, "pseudo_label").astype(np.float32), truths.of(scene).read(scene, "radiance")
        )
        stride = max(1, sigma.size // max(most, 1))
        errors.append(error.ravel()[::stride].copy())
        sigmas.append(sigma.ravel()[::stride].copy())
    return np.concatenate(errors), np.concatenate(sigmas)
