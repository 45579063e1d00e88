"""What counts as a mutant, and that the list of harmless ones in docs/mutation.md names mutants that exist."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
from mutation.mutants import mutants, mutated

ROOT = Path(__file__).parents[2]


def names(source):
    return [mutant.name.removeprefix("module: ") for mutant in mutants("m.py", source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 0.5", ["x = 0.5 -> x = 1.0"]),
        ("x = a - 0", ["a - 0 -> a + 0", "a - 0 -> a - 1"]),
        ("x = a < b", ["a < b -> a <= b"]),
        ("x = 1 if a else 2", ["a -> not a", "1 if a else 2 -> 2 if a else 2", "1 if a else 2 -> 1 if a else 3"]),
        ("x = a and not b", ["a and (not b) -> a or not b", "not b -> b"]),
        ("x = min(a.clamp(b))", ["min(a.clamp(b)) -> max(a.clamp(b))", "a.clamp(b) -> a"]),
        ("x = np.abs(a)", ["np.abs(a) -> a"]),
        ("save(x)", ["save(x) -> pass"]),
        ("x = f(x)", ["x = f(x) -> pass"]),
        ("x += a", ["x += a -> pass", "x += a -> x -= a"]),
    ],
)
def test_every_change_is_a_mutant(source, expected):
    assert names(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        *('"""A text."""', "import a", "x: int | None", "x = zip(a, b, strict=True)", "log.info('%d', 1)"),
        *("def f(x: 'float' = None) -> int:\n    return x", "x = f(y)"),
    ],
)
def test_what_is_no_behaviour_is_left_alone(source):
    assert names(source) == []


def test_a_refusal_is_removed_and_its_message_left_alone():
    assert names("def f(x):\n    raise E(f'{x + 1}')") == ["f: raise E(f'{x + 1}') -> pass"]


def test_an_early_return_is_removed_and_the_last_one_is_not():
    assert names("def f(x):\n    if x:\n        return a\n    return b") == ["f: x -> not x", "f: return a -> pass"]


def test_a_mutant_is_its_module_with_one_change():
    source = "x = a + 1\ny = a + 1\n"
    made = [ast.unparse(mutated(source, mutant.number)) for mutant in mutants("m.py", source)]
    assert made == ["x = a - 1\ny = a + 1", "x = a + 2\ny = a + 1", "x = a + 1\ny = a - 1", "x = a + 1\ny = a + 2"]
    assert [mutant.name for mutant in mutants("m.py", source)][2] == "module: a + 1 -> a - 1 #2"


def test_a_mutant_knows_the_lines_that_tests_must_run():
    found = mutants("m.py", "def f(x):\n    if (x\n        > 1):\n        return (x +\n            y)\n    return 0")
    assert {mutant.name.split(": ")[1]: mutant.lines for mutant in found} == {
        "x > 1 -> not x > 1": (2, 3),
        "x > 1 -> x >= 1": (2, 3),
        "x > 1 -> x > 2": (2, 3),
        "return x + y -> pass": (4, 5),
        "x + y -> x - y": (4, 5),
        "return 0 -> return 1": (6, 6),
    }


def test_the_harmless_mutants_of_the_page_exist():
    page = (ROOT / "docs/mutation.md").read_text(encoding="utf-8")
    listed = re.findall(r"^- `(\S+\.py): (.+? -> .+?)`", page, re.MULTILINE)
    for path, name in listed:
        known = {mutant.name for mutant in mutants(path, (ROOT / "hdrpipe" / path).read_text(encoding="utf-8"))}
        assert name in known


def test_every_source_and_test_of_a_mutation_run_exists():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutants"]
    assert all(list(ROOT.glob(pattern)) for pattern in settings["sources"] + settings["tests"])
