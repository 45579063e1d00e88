"""One training on several devices: the share of each batch that falls to this process.

Each device has a process. torchrun starts them, or `hdrpipe` does with its engine, and each knows itself by torchrun's
environment.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from hdrpipe.errors import UsageError

LAUNCHED = "TORCHELASTIC_RUN_ID"
"""Set by torchrun alone, while RANK and WORLD_SIZE may stand in any container."""


@dataclass(frozen=True)
class Share:
    """Number `rank` of `size` equal parts of every batch."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """True for the process that writes files and logs for all."""
        return self.rank == 0

    def of(self, count: int) -> range:
        """Its indices among `count`, a multiple of `size`: neighbours, so that all shares in turn are the whole."""
        each = count // self.size
        return range(self.rank * each, (self.rank + 1) * each)


WHOLE = Share()


def share() -> Share:
    """The share of this process; the whole, where torchrun did not start it."""
    if LAUNCHED not in os.environ:
        return WHOLE
    return Share(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))


def check_batches(devices: int, counts: Mapping[str, int]) -> None:
    """Refuse batches that so many devices cannot divide.

    Args:
        devices: of one training.
        counts: name of a key -> the samples that it asks for in a step.

    Raises:
        UsageError: names the first key whose samples are no multiple of the devices.
    """
    for key, count in counts.items():
        if count % devices:
            what = f"{count} crops cannot be shared equally by {devices} devices"
            raise UsageError(what, key, f"set a multiple of {devices}, or other `devices`")
