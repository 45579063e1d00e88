"""Pictures of a burst brought to the field's camera: response, exposures and white balance, with remarks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hdrpipe.imaging.equalise import ENOUGH, Making, as_recorded, making, response_of, untinted
from hdrpipe.imaging.response import PLAIN, SRGB, Matches, Response, Thinned, match, misfit, thinned
from hdrpipe.imaging.saturation import white_code

RESPONSES: dict[str, Response | None] = {"auto": None, "gamma": PLAIN, "srgb": SRGB}
"""The response that pictures are taken to have, by name; None is the one that they show."""


class Corrected(NamedTuple):
    """Pictures of a burst by the field's camera.

    Attributes:
        samples: (N, 3, H, W) of uint8 or uint16, display-coded by gamma 2.2.
        ev: exposure values in stops, ascending.
        notes: what was changed, one remark each.
        edges: of the codes of the reference, see `imaging.coding.Coding`.
    """

    samples: NDArray[Any]
    ev: tuple[float, ...]
    notes: list[str]
    edges: NDArray[np.uint16] | None


def corrected(
    samples: NDArray[Any],
    ev: Sequence[float],
    reference: int,
    files: Sequence[Path],
    curve: str,
    timed: bool,
    coarse: bool,
) -> Corrected:
    """Samples (N, 3, H, W) by gamma 2.2 in one white balance, with what was changed.

    Samples that need no change are handed back as they are. A white below the highest code is looked for in `coarse`
    files only, those of 8 bits (a profile may have made 16 of them), and a response only where the exposures are
    `timed`: not estimated from the pictures.
    """
    notes: list[str] = []
    looked_at = _eight_bits(samples) if coarse else samples
    white = white_code(looked_at, ev) if coarse else 255
    if white < 255:
        notes.append(f"frames clip at code {white} of 255: that is taken for white")
        looked_at = samples = _stretched(samples, white)
    burst = thinned(looked_at, ev)
    matches = match(burst)
    response, seen = RESPONSES[curve] or PLAIN, RESPONSES[curve] is None and timed
    if seen:
        response = response_of(matches, len(ev), reference)
    made = _made(burst, matches, reference, response, timed)
    if seen and (made.gains != 1.0).any():  # another white balance in some frames may have hidden it
        compared = untinted(matches, made)
        response = response_of(compared, len(ev), reference)
        made = _made(burst, matches, reference, response, timed)
        matches = compared
    if seen and response is not PLAIN:
        before, after = (misfit(matches.levels(matches.excess_stops(tried), tried)) for tried in (PLAIN, response))
        what = f"gamma 2.2 misses the pictures by {before:.1f} of 255 levels, {response.name} by {after:.1f}"
        notes.append(f"{what}: the response is taken to be {response.name}")
    notes += _mended(made, reference, files)
    plain = response is PLAIN and bool((made.gains == 1.0).all())
    edges = made.edges(reference, white) if coarse and response is not PLAIN else None
    return Corrected(samples if plain else made.equal(samples), made.ev, notes, edges)


def _made(burst: Thinned, matches: Matches, reference: int, response: Response, timed: bool) -> Making:
    enough = len(matches) >= ENOUGH
    return making(burst, matches, reference, response, timed) if enough else as_recorded(response, burst.ev)


def _eight_bits(samples: NDArray[Any]) -> NDArray[np.uint8]:
    """8-bit samples that a profile has made 16 of, in 8 bits again."""
    return samples if samples.dtype == np.uint8 else np.rint(np.arange(65536) / 257.0).astype(np.uint8)[samples]


def _stretched(samples: NDArray[Any], white: int) -> NDArray[np.uint16]:
    """Samples as 16 bits, this code of 8 bits and what is above it as the highest value."""
    top = np.iinfo(samples.dtype).max
    return np.rint(np.minimum(np.arange(top + 1) / (white / 255 * top), 1.0) * 65535.0).astype(np.uint16)[samples]


def _mended(made: Making, reference: int, files: Sequence[Path]) -> list[str]:
    """Remarks on mended exposures and white balances."""
    standard, notes = ascii(files[reference].name), []
    for path, slip, gains in zip(files, made.slips, made.gains, strict=True):
        name = ascii(path.name)
        if slip:
            notes.append(f"{name} is exposed {slip:+.2f} EV off its recorded value, compared with {standard}: mended")
        if (gains != 1.0).any():
            ratios = ", ".join(f"{gain:.2f}" for gain in gains / gains[1])
            notes.append(f"{name} has another white balance than {standard}: its channels are scaled by {ratios}")
    return notes
