"""Training loop of all stages; objective, batches and saved state are passed in."""

import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Protocol

from torch import Tensor

from hdrpipe.config.batch_share import share
from hdrpipe.errors import NonFiniteError, StoppedError
from hdrpipe.files import stops
from hdrpipe.learning import distributed
from hdrpipe.learning.batches import Batch
from hdrpipe.learning.divergence import DivergenceWatch

HISTORY_ROWS = 200
"""Approximate number of rows in a training history, enough for a plotted curve."""

Row = dict[str, float]

Progress = Callable[[int, int, Row], None]
"""Called after each step with (steps done, steps in all, losses)."""


class Learner(Protocol):
    """Interface to the loop: an objective, its optimizer and its storage of state."""

    def losses(self, batch: Batch, step: int) -> dict[str, Tensor]:
        """`total` and its terms by name for step number `step`, counted from 0."""
        ...

    def update(self, total: Tensor, step: int) -> None:
        """One optimizer step."""
        ...

    def save(self, step: int, history: list[Row]) -> None:
        """Store the state after `step` steps."""
        ...


@dataclass(frozen=True)
class Saving:
    """Interval between saved states; affects only how much work an interruption loses."""

    seconds: float
    steps: int | None = None
    """Also save after every `steps` steps."""


def run(
    learner: Learner,
    batches: Iterator[Batch],
    steps: tuple[int, int],
    history: list[Row],
    saving: Saving,
    progress: Progress | None = None,
) -> list[Row]:
    """Train from the first to the last of the given steps.

    Args:
        learner: see `Learner`.
        batches: batches of these steps, in order.
        steps: steps done before, steps in all.
        history: rows of the steps done before.
        saving: when to save.
        progress: called after every step.

    Returns:
        History rows: `step` (last step of the row), `count` (steps in it) and the mean of each loss over them.

    Raises:
        NonFiniteError: a loss is not finite; names the loss, the step and all scenes of the batch.
        DivergedError: see `DivergenceWatch`.
        StoppedError: one of `stops.SIGNALS` was received; the step is finished and the state saved.
    """
    (start, end), rows, watch = steps, list(history), DivergenceWatch(history)
    saved = time.monotonic()
    with stop_requests() as requests:
        for step in range(start, end):
            batch = next(batches)
            tensors = learner.losses(batch, step)
            losses, stop_everywhere = distributed.synchronised(tensors, bool(requests))
            _refuse_non_finite(losses, step, batch)
            watch.check(losses, step, end)
            learner.update(tensors["total"], step)
            done = step + 1
            _record(rows, losses, step, max(1, end // HISTORY_ROWS))
            if progress:
                progress(done, end, losses)
            # one process stops on its own signal at once, several only on one that `synchronised` has spread
            if done < end and (stop_everywhere or (requests and share().size == 1)):
                learner.save(done, rows)
                distributed.wait()  # torchrun kills the others once one ends, the one that saves too
                cause = requests[0] if requests else "a signal to another process"
                raise StoppedError(f"stopped by {cause} after step {done} of {end}, state saved", hint="run it again")
            if done < end and _due(saving, done, saved):
                learner.save(done, rows)
                saved = time.monotonic()
    return rows


@contextmanager
def stop_requests() -> Iterator[list[str]]:
    """Context that collects the names of received stop signals; earlier handlers are restored at the end.

    Outside the main thread, where Python handles no signals, the list stays empty.
    """
    seen: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        yield seen
        return

    def note(number: int, _: FrameType | None) -> None:
        seen.append(signal.Signals(number).name)

    before = {number: signal.signal(number, note) for number in stops.heeded()}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def learning_rate(schedule: str, lr: float, step: int, steps: int, halve_every: int) -> float:
    """Learning rate of a step: `cosine` decay to 0 over `steps`, or `halving` every `halve_every` steps."""
    if schedule == "halving":
        return lr * 0.5 ** (step // halve_every)
    return lr * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def _due(saving: Saving, done: int, saved: float) -> bool:
    by_steps = saving.steps is not None and done % saving.steps == 0
    return by_steps or time.monotonic() - saved >= saving.seconds


def _record(rows: list[Row], losses: Row, step: int, every: int) -> None:
    """Add a step to the running means of its history row; a row interrupted by a stop is continued."""
    if step % every == 0 or not rows:
        rows.append({"step": float(step + 1), "count": 1.0, **losses})
        return
    row = rows[-1]
    count = row["count"] + 1.0
    row.update({name: row[name] + (value - row[name]) / count for name, value in losses.items()})
    row.update(step=float(step + 1), count=count)


def _refuse_non_finite(losses: Row, step: int, batch: Batch) -> None:
    bad = [name for name, value in losses.items() if not math.isfinite(value)]
    if bad:
        scenes = ", ".join(dict.fromkeys(batch.names))
        raise NonFiniteError(f"loss {bad[0]} is {losses[bad[0]]} at step {step + 1}", scenes, "lower the learning rate")
