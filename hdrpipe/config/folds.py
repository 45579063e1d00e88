"""Cross-fitting: which labelled scenes are held out together, and what the runs that leave them out are called.

`demo/fold-0-of-5` is the run `demo` with the first of five folds of its labelled scenes held out: its networks have
never seen the truth of these scenes, and neither have the pseudo labels that they learn from.
"""

import hashlib
import re
from collections.abc import Sequence

from hdrpipe.config.sections import ChooseSpec, CrossfitSpec
from hdrpipe.errors import UsageError

NAME = r"fold-\d{1,3}-of-\d{1,3}"
"""Pattern of `fold_name`."""


def check_folds(
    crossfit: CrossfitSpec, judge_folds: int, choose: ChooseSpec, labelled: object, pseudo_labelled: bool
) -> None:
    """Refuse folds that cannot be, and a rule that needs them without them.

    Args:
        crossfit, choose: sections of the config.
        judge_folds: `loss.judge_folds`.
        labelled: `data.labelled`: a number of scenes, their names, or `all`.
        pseudo_labelled: whether rounds have masks, and so a selective risk.

    Raises:
        UsageError: there are fewer labelled scenes than folds, one fold, or no held-out selective risk to go by.
    """
    count = len(labelled) if isinstance(labelled, tuple) else labelled
    for key, folds in (("crossfit.folds", crossfit.folds), ("loss.judge_folds", judge_folds)):
        if folds == 1 or (isinstance(count, int) and folds > count):
            hint = "set 0 to do without, or 2 up to the number of labelled scenes"
            few = f"{folds} folds need at least {folds} labelled scenes; there are {count}"
            raise UsageError(few if folds > 1 else "one fold leaves no scene to learn from", key, hint)
    if choose.rule == "selective-risk" and not crossfit.folds:
        hint = "set `crossfit.folds` to 2 or more"
        raise UsageError("needs the selective risk of held-out labels", "choose.rule", hint)
    if choose.rule == "selective-risk" and not pseudo_labelled:
        hint = "set `student.unlabelled_batch` to 1 or more"
        raise UsageError("needs masks, whose selective risk it follows", "choose.rule", hint)


def fold_name(fold: int, folds: int) -> str:
    """Name of a fold, counted from 0."""
    return f"fold-{fold}-of-{folds}"


def products(folds: int) -> list[str]:
    """Files of a round that hold the held-out predictions, one for each fold; none for 0."""
    return [f"crossfit-{fold}-of-{folds}.h5" for fold in range(folds)]


def of_name(name: str) -> tuple[int, int] | None:
    """(fold, folds) of a name; None if no fold is called so."""
    if not re.fullmatch(NAME, name):
        return None
    fold, folds = (int(number) for number in re.findall(r"\d+", name))
    return (fold, folds) if fold < folds else None


def held_out(scenes: Sequence[str], fold: int, folds: int) -> tuple[str, ...]:
    """The scenes of a fold, sorted: every scene is in one fold, and no fold has two scenes more than another.

    Scenes are dealt out in the order of a hash of their names, because datasets number them in cycles (of motion, of
    exposures) that a plain count could fall into step with.
    """
    order = sorted(scenes, key=lambda scene: (hashlib.sha256(scene.encode()).digest(), scene))
    return tuple(sorted(order[fold::folds]))
