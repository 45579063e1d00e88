"""Division of pictures that were taken in one go into brackets, by their exposures alone.

Values are stops in the order of shooting: exposures, or the exposure biases that the camera wrote.
"""

from collections.abc import Sequence
from itertools import pairwise

SAME = 0.1
"""Stops below which two exposures are one: cameras round to thirds."""

ALIKE = 0.25
"""Stops within which a step of one bracket is that of another: both ends are rounded."""

NEAR = 0.4
"""Share of a step by which the metering of a bracket of two may drift; beyond it they may as well be one of four."""


def split(values: Sequence[float], bracketed: bool, alike: float = ALIKE) -> tuple[list[int], bool]:
    """Cut a series into brackets.

    Args:
        values: in the order of shooting.
        bracketed: True if the camera recorded that it bracketed: then an exposure may come again within one bracket
            where the shutter has reached its limit, at the shortest or at the longest.
        alike: stops within which steps are the same.

    Returns:
        The sizes of the brackets one after the other, and whether they are sure.
    """
    length = period(values, bracketed, alike)
    if length is not None:
        return [min(length, len(values) - start) for start in range(0, len(values), length)], True
    if not _again(values) or (bracketed and _limited(values)):
        return [len(values)], True
    sizes = _greedy(values)
    return sizes, _consistent(values, sizes, alike)


def period(values: Sequence[float], bracketed: bool = False, alike: float = ALIKE) -> int | None:
    """The smallest number of pictures after which the same steps come again, on another level or the same one.

    Two whole periods are needed, or one with two pictures more. A bracket that goes up or down all the way repeats its
    steps too: only what falls among the exposures of the bracket before counts, or goes up and down twice.
    """
    for length in range(2, len(values) - 1):
        first, later = values[:length], values[length:]
        steps = [value - values[index % length] - (values[index - index % length] - values[0])
                 for index, value in enumerate(values)]  # fmt: skip
        whole = not _again(first) or (bracketed and length > 3 and _limited(first))
        if whole and max(map(abs, steps)) < alike and _among(first, later, length):
            return length
    return None


def _among(first: Sequence[float], later: Sequence[float], length: int) -> bool:
    """True if the second bracket lies among the exposures of the first one, or repeats one of them, or its way up and
    down as a whole."""
    second = later[:length]
    if length > 2 and len(second) == length and len({after > before for before, after in pairwise(first)}) == 2:
        return True
    if length == 2:
        return len(later) >= 2 and abs(second[0] - first[0]) < NEAR * abs(first[1] - first[0])
    among = min(second) < max(first) - SAME and min(first) < max(second) - SAME
    return among or any(abs(one - other) < SAME for one in first for other in second)


def _again(values: Sequence[float]) -> bool:
    ranked = sorted(values)
    return any(high - low < SAME for low, high in pairwise(ranked))


def _limited(values: Sequence[float]) -> bool:
    """True if only the shortest, or only the longest exposure comes more than once, beside two others or more."""
    for end in (min(values), max(values)):
        others = [value for value in values if abs(value - end) >= SAME]
        if len(others) >= 2 and not _again(others):
            return True
    return False


def _greedy(values: Sequence[float]) -> list[int]:
    """Sizes of series in which no exposure comes again."""
    sizes: list[int] = []
    seen: list[float] = []
    for value in values:
        if not sizes or any(abs(value - other) < SAME for other in seen):
            sizes.append(0)
            seen = []
        sizes[-1] += 1
        seen.append(value)
    return sizes


def _consistent(values: Sequence[float], sizes: Sequence[int], alike: float) -> bool:
    """True if all brackets are the beginning or the end of the longest one, on whatever level.

    Pairs among single pictures do not count, nor what is left of a bracket among them: two cameras that took turns
    leave the same pattern.
    """
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    several = [values[start : start + size] for start, size in zip(starts, sizes, strict=True) if size > 1]
    longest = max(several, key=len) if several else values[:0]
    left = any(len(bracket) < len(longest) for bracket in several)
    if 1 in sizes and len(several) > 1 and (left or len(longest) == 2):
        return False
    return all(
        any(
            all(abs((a - bracket[0]) - (b - whole[0])) < alike for a, b in zip(bracket, whole, strict=True))
            for whole in (longest[: len(bracket)], longest[-len(bracket) :])
        )
        for bracket in several
    )
