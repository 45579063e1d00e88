"""Command `risk`: fusions side by side on bursts without truth, by measured risk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from hdrpipe.datasets.bursts import BurstFiles
from hdrpipe.datasets.reading import read_burst
from hdrpipe.errors import HdrpipeError, InputError
from hdrpipe.evaluation.bootstrap import interval
from hdrpipe.evaluation.measured_risk import measured_risk, split
from hdrpipe.files.pictures.decoder import shared
from hdrpipe.files.pictures.images import COMPRESSED
from hdrpipe.imaging.align import align_in_place
from hdrpipe.imaging.burst import Burst, unit_floats
from hdrpipe.imaging.coding import UNKNOWN, Coding
from hdrpipe.imaging.noise_level import crops_of, level_of_model, with_shared
from hdrpipe.imaging.noise_model import NoiseModel, measured_noise
from hdrpipe.inference.fuse import Settings, check_budget, check_choice, levels_of, whole_burst, window_merge
from hdrpipe.inference.load import Stored
from hdrpipe.inference.tiles import Tiling, in_tiles
from hdrpipe.inference.window import Classical, Learned
from hdrpipe.masking.measured import ENOUGH
from hdrpipe.masking.strategy import measured_patches
from hdrpipe.quantities import Frames, Picture, Plane
from hdrpipe.tools.networks import find_network

TILES = Tiling(tile=512, multiple=16)
"""The same for all fusions, so that the same noise is added for all."""


class Fusion(NamedTuple):
    """A network, or the classical merge that the settings name."""

    network: Stored | None
    settings: Settings


@dataclass(frozen=True)
class BurstRisk:
    """Measured risk of every fusion on one burst; or the error that ended it.

    Attributes:
        noise: of its frames as taken.
        covered: fraction of its pixels that is measured.
        risks: by fusion, the mean risk (mu-law domain) of each patch that counts, (K,).
        notes: what a person should know.
    """

    name: str
    noise: NoiseModel | None = None
    covered: float = 0.0
    risks: Mapping[str, NDArray[np.float64]] | None = None
    notes: tuple[str, ...] = ()
    error: HdrpipeError | None = None


def fusions(weights: Sequence[Path], runs: Sequence[Path], methods: Sequence[str]) -> dict[str, Fusion]:
    """Fusions to compare, by name; with nothing given the shipped network and two classical merges.

    Raises:
        UsageError: an unknown merge or run. InputError, DamagedError: weights that are none.
    """
    if not (weights or runs or methods):
        return {"shipped": Fusion(find_network(), Settings()), **fusions((), (), ("denoised", "rejecting"))}
    networks = {str(path): find_network(weights=path) for path in weights}
    networks |= {str(path): find_network(run=path) for path in runs}
    merges = {name: Fusion(None, Settings(method=name)) for name in methods}
    for fusion in merges.values():
        check_choice(*fusion)
    return {**{name: Fusion(network, Settings()) for name, network in networks.items()}, **merges}


def measure(
    bursts: Sequence[BurstFiles], fusions: Mapping[str, Fusion], progress: Callable[[int, int, str], None]
) -> Iterator[BurstRisk]:
    """Measure the fusions on one burst after the other; an error ends that burst only."""
    for done, burst in enumerate(bursts, 1):
        try:
            yield _measured(burst, fusions)
        except HdrpipeError as error:
            yield BurstRisk(burst.name, error=error)
        progress(done, len(bursts), burst.name)


def _measured(files: BurstFiles, fusions: Mapping[str, Fusion]) -> BurstRisk:
    headers = {path: shared().header(path) for path in files.frames}
    for path, header in headers.items():
        if header.format in COMPRESSED:  # copies of its noise would look best (benchmarks/measured_risk.py)
            what = "compression has changed its noise, so no risk can be measured"
            raise InputError(what, path, "give RAW, TIFF or PNG frames that were never compressed")
    first = headers[files.frames[0]]
    check_budget(first.width * first.height, len(headers), Settings())
    read = read_burst(files, curve="auto")
    frames = levels_of(read.samples)
    noise, covered, risks = patch_risks(frames, read.ev, read.reference, fusions, read.coding)
    return BurstRisk(read.name, noise, covered, risks, read.notes)


def patch_risks(
    levels: NDArray[np.uint16],
    ev: Sequence[float],
    reference: int,
    fusions: Mapping[str, Fusion],
    coding: Coding = UNKNOWN,
) -> tuple[NoiseModel, float, dict[str, NDArray[np.float64]]]:
    """Noise of a burst, fraction of its pixels that is measured, and by fusion the mean risk of each patch that counts.

    Args:
        levels: frames as taken, (N, 3, H, W), ascending exposure; aligned in place.
        ev, reference: as in `Burst`.
        fusions: what is measured, by name.
        coding: storage of the frames, by the files.

    Raises:
        InputError: the noise cannot be measured, or the reference is clipped or hardly above it nearly everywhere.
    """
    noise = measured_noise(unit_floats(levels[(..., *crop)]) for crop in crops_of(*levels.shape[-2:]))
    align_in_place(levels, np.exp2(np.asarray(ev) - ev[0]), reference, "dis")
    burst = whole_burst(levels, ev, reference, coding)
    alone = level_of_model(noise)
    factor = with_shared(alone, cast(float, burst.noise_level)) / max(alone, 1e-12)
    noise = NoiseModel(factor * noise.shot, factor * noise.read)
    risks: dict[str, NDArray[np.float64]] = {}
    covered = 0.0
    for name, (network, settings) in fusions.items():
        risk, measured = in_tiles(_Risk(window_merge(burst, network, settings), burst, noise), levels, TILES)
        patches, covered = measured_patches(risk, measured > 0), float(measured.mean())
        counted = patches.fraction > ENOUGH
        if not counted.any():
            what = "the reference is clipped or hardly above its noise nearly everywhere, so no risk can be measured"
            raise InputError(what, "burst", "give one with a better exposed middle frame")
        risks[name] = patches.risk[counted].astype(np.float64)
    return noise, covered, risks


class _Risk:
    """Measured risk (3, h, w) and mask of what is measured (h, w) on windows of a burst, aligned to the reference."""

    def __init__(self, merge: Learned | Classical, burst: Burst, noise: NoiseModel):
        self.merge, self.burst, self.noise = merge, burst, noise

    def __call__(self, window: Frames) -> tuple[Picture, Plane]:
        reference = self.burst.reference
        seen, target = split(window[reference], float(self.burst.times[reference]), self.noise)
        frames = window.copy()
        frames[reference] = seen
        radiance, _ = self.merge(frames)
        return measured_risk(radiance, target), target.measured.astype(np.float32)


def table(rows: Sequence[BurstRisk], names: Sequence[str]) -> str:
    """Text of the measurement: risk of each burst and fusion in dB, then each fusion against the first."""
    used = [row for row in rows if row.risks is not None]
    blocks = [_by_burst(rows, names)]
    if used:
        blocks.append(_differences(used, names))
    lines = [f"  {row.name}: {text}" for row in rows for text in (*row.notes, *([row.error] if row.error else []))]
    blocks += ["\n".join(["Notes:", *lines])] if lines else []
    return "\n\n".join(blocks)


def _by_burst(rows: Sequence[BurstRisk], names: Sequence[str]) -> str:
    lines = []
    for row in rows:
        noise = "-" if row.noise is None else f"{row.noise.shot:.1e} x + {row.noise.read:.1e}"
        cells = ["-" if row.risks is None else _decibels(row.risks[name]) for name in names]
        lines.append([row.name, noise, f"{row.covered:.0%}", *cells])
    headings = ["burst", "noise variance", "measured", *names]
    return "Measured PSNR-mu in dB:\n" + tabulate(lines, headings, tablefmt="simple", disable_numparse=True)


def _decibels(risks: NDArray[np.float64]) -> str:
    """Mean risk as PSNR-mu; a lower bound where it is not twice its standard error."""
    least = 2.0 * float(risks.std()) / risks.size**0.5
    mean = float(risks.mean())
    decibels = -10.0 * np.log10(max(mean, least, 1e-9))
    return f"{decibels:.2f}" if mean > least else f"> {decibels:.1f}"


def _differences(rows: Sequence[BurstRisk], names: Sequence[str]) -> str:
    """Risk of each fusion over that of the first, with an interval over bursts, or over the patches of the only one."""
    first = names[0]
    lines = []
    for name in names[1:]:
        excess = [row.risks[name] - row.risks[first] for row in rows if row.risks is not None]
        values = excess[0] if len(excess) == 1 else np.array([patches.mean() for patches in excess])
        bounds = interval(list(values), [str(index) for index in range(len(values))])
        meaning = "" if bounds is None else _meaning(bounds, first, name)
        text = "one patch" if bounds is None else f"{1e5 * bounds[0]:+.2f} to {1e5 * bounds[1]:+.2f}"
        lines.append([f"{name} - {first}", f"{1e5 * values.mean():+.2f}", text, meaning])
    over = "patches of the burst" if len(rows) == 1 else f"{len(rows)} bursts"
    title = f"Difference of the risk, in 1e-5 (mu-law domain, squared), 95 % interval over the {over}:"
    return f"{title}\n" + tabulate(
        lines, ["fusions", "difference", "interval", ""], tablefmt="simple", disable_numparse=True
    )


def _meaning(bounds: tuple[float, float], first: str, other: str) -> str:
    if bounds[0] > 0:
        return f"{first} errs less"
    return f"{other} errs less" if bounds[1] < 0 else "no difference shown"
