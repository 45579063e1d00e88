"""What counts as code of a stage."""

import pytest

from hdrpipe import fingerprint as fp
from hdrpipe.errors import UsageError


def names(stage):
    return {path.relative_to(fp.PACKAGE).as_posix() for path in fp.closure(fp.PACKAGE / "stages" / f"{stage}.py")}


def test_a_stage_counts_what_it_imports_directly_or_not():
    assert {"stages/masks.py", "masking/contract.py", "files/atomic.py", "quantities.py"} <= names("masks")
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
    with pytest.raises(UsageError, match="no weights to start from"):
        fp.fingerprint("warmup", (), [str(tmp_path / "missing")])


@pytest.mark.parametrize("stage", ["report", "masks", "choose", "baselines"])
def test_what_trains_nothing_counts_no_learning_code(stage):
    assert not [name for name in names(stage) if name.startswith(("learning/", "models/"))]
