"""What counts as code of a stage."""

from hdrpipe import fingerprint as fp


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
