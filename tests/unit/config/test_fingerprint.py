"""What counts as code of a stage."""

import pytest

from hdrpipe.config import fingerprint as fp
from hdrpipe.errors import UsageError


def names(stage):
    return {path.relative_to(fp.PACKAGE).as_posix() for path in fp.closure(fp.PACKAGE / "stages" / f"{stage}.py")}


def test_a_stage_counts_what_it_imports_directly_or_not():
    assert {"stages/masks.py", "masking/strategy.py", "files/atomic.py", "quantities.py"} <= names("masks")
    assert "learning/loss.py" in names("student")


def test_a_stage_does_not_count_what_it_never_imports():
    assert "learning/train.py" not in names("masks")
    assert not [name for name in names("student") if name.startswith("cli/")]


def test_plugins_count_where_they_are_named():
    alone = fp.fingerprint("masks")
    assert fp.fingerprint("masks", [("masking", "threshold")]) != alone
    assert fp.fingerprint("masks") == alone


def test_the_content_of_weights_counts_and_not_their_name(tmp_path):
    first, same, other = (tmp_path / name for name in ("a", "b", "c"))
    first.write_bytes(b"1")
    same.write_bytes(b"1")
    other.write_bytes(b"2")
    of = [fp.fingerprint("warmup", (), [str(path)]) for path in (first, same, other)]
    assert of[0] == of[1] != of[2]
    with pytest.raises(UsageError, match="no weights file"):
        fp.fingerprint("warmup", (), [str(tmp_path / "missing")])


@pytest.mark.parametrize("stage", ["report", "masks", "choose", "baselines"])
def test_what_trains_nothing_counts_no_learning_code(stage):
    assert not [name for name in names(stage) if name.startswith(("learning/", "models/"))]


BEFORE = '''
"""A module."""
import logging
LIMIT = 0.4
def f(x: int) -> int:
    """Doc."""
    hint = "set it"
    if x > LIMIT:
        raise ValueError(f"too large: {x}", hint)
    logging.getLogger("hdrpipe").info("value %s", x)
    return Field(default=2, description="Of a key.")
'''


def meaning(text):
    return fp.ast.dump(fp.without_texts(fp.ast.parse(text)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("A module", "A thing"),
        ("Doc.", "Other."),
        ("too large", "is out of range"),
        ("set it", "set another"),
        ("value %s", "the value is %s"),
        ("Of a key", "What it means"),
        ("x: int) -> int", "x: float) -> float"),
        ("LIMIT = 0.4", "LIMIT = 0.4  # a remark"),
    ],
)
def test_texts_for_people_do_not_count(old, new):
    assert old in BEFORE
    assert meaning(BEFORE.replace(old, new)) == meaning(BEFORE)


@pytest.mark.parametrize(("old", "new"), [("0.4", "0.5"), ("default=2", "default=3"), ("x > L", "x >= L")])
def test_values_and_conditions_count(old, new):
    assert meaning(BEFORE.replace(old, new)) != meaning(BEFORE)


def test_a_text_that_is_also_returned_counts():
    text = 'def f(x):\n    what = "a"\n    if x:\n        raise ValueError(what)\n    return what\n'
    assert meaning(text) != meaning(text.replace('"a"', '"b"'))


@pytest.mark.parametrize("stage", ["prepare", "warmup", "teacher", "masks", "student", "evaluate"])
def test_settings_errors_locks_and_viewer_attributes_do_not_count(stage):
    assert not names(stage) & fp.UNCOUNTED
    assert all((fp.PACKAGE / name).is_file() for name in fp.UNCOUNTED)
