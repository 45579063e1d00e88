"""Rule by which a training counts as diverged: its error leaves the range that any healthy training stays in.

The error is the reconstruction loss L^r of the labelled crops: a mean absolute difference of tone-mapped pictures,
whose values lie in [0, 1] where the shortest frame does not clip. In healthy trainings, of the main job and of studies,
the mean over 20 steps stayed below 1.6 times the best one before.
"""

from collections import deque
from collections.abc import Iterable, Mapping

from hdrpipe.errors import DivergedError

ERROR = "labelled_reconstruction"
"""Name of the loss that the rule looks at."""

WINDOW, FEWEST = 20, 5
"""Steps of a running mean, and steps from which on one counts as a best: a single batch may be easy by chance."""

FACTOR, LEAST = 10.0, 0.1
"""A training has diverged whose running mean is FACTOR times its best and above LEAST (a PSNR-mu of some 20 dB)."""

FAR = 100.0
"""The factor where the best is the mean of a few steps alone, which easy crops can make low."""

MOST = 10.0
"""A running mean above it has diverged at any step: mu-law values that far off are e^85 times too bright."""


class DivergenceWatch:
    """Running mean of the error of a training, and its best value so far.

    Args:
        history: rows of the steps done before a resume, each the mean of a few steps.
    """

    def __init__(self, history: Iterable[Mapping[str, float]] = ()):
        self.recent: deque[float] = deque(maxlen=WINDOW)
        self.best = self.early = float("inf")
        for row in history:
            self._add(row[ERROR])

    def check(self, losses: Mapping[str, float], step: int, end: int) -> None:
        """Add the losses of step number `step` (counted from 0) of `end`.

        Raises:
            DivergedError: the training has diverged.
        """
        mean, best = self._add(losses[ERROR]), min(self.best, self.early * FAR / FACTOR)
        if mean > MOST or (mean > FACTOR * best and mean > LEAST):
            what = f"its reconstruction error rose from {self.early:.3g} to {mean:.3g} by step {step + 1} of {end}"
            raise DivergedError(f"the training diverges: {what}", hint="lower the learning rate (`lr`)")

    def _add(self, error: float) -> float:
        """The mean of the last errors; the best mean is updated."""
        self.recent.append(error)
        mean = sum(self.recent) / len(self.recent)
        self.early = min(self.early, mean)
        if len(self.recent) >= FEWEST:
            self.best = min(self.best, mean)
        return mean
