"""Glossary: names that say nothing, and docstrings that begin with a question word, read off the syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "hdrpipe"

ROOMS = ("api", "cli", "config", "datasets", "errors", "evaluation", "files", "imaging", "inference")
ROOMS += ("learning", "masking", "models", "quantities", "randomness", "report", "stages", "tools")
"""Rooms of the package that keep to the words; a room is added once it is clean."""

BANNED = frozenset(
    {"told", "said", "found", "apart", "begun", "spoken", "known", "wanted", "shown", "own"}
    | {"about", "place", "places", "part", "parts"}
)
"""Names that do not say what a value is; leading and trailing underscores and case do not count."""

SHARE_OF_BATCH = ("config/batch_share.py", "learning/batches.py")
"""Files that may define `share`: always the samples of a batch that one process computes. Elsewhere say `fraction`."""

QUESTIONS = frozenset({"what", "which", "where", "whether", "how", "who"})

FILES = sorted(
    path for room in ROOMS for path in [*(PACKAGE / room).rglob("*.py"), PACKAGE / f"{room}.py"] if path.is_file()
)


def defined(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names that a module defines: variables, attributes, parameters, functions, classes, aliases, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, node.lineno
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
                yield name, node.lineno


def documented(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Docstrings of modules, classes, functions, constants and fields, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text))):
                yield text, node.lineno


def first_word(text: str) -> str:
    return (text.split() or [""])[0].strip("`,:;.").removesuffix("'s").lower()


def banned_names(tree: ast.AST, file: str) -> list[str]:
    banned = BANNED if file in SHARE_OF_BATCH else BANNED | {"share"}
    return [f"{file}:{line}: {name}" for name, line in defined(tree) if name.strip("_").lower() in banned]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_names_say_what_they_hold(path):
    assert not banned_names(ast.parse(path.read_text(encoding="utf-8")), path.relative_to(PACKAGE).as_posix())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_docstrings_begin_with_what_the_thing_is_or_does(path):
    texts = documented(ast.parse(path.read_text(encoding="utf-8")))
    assert not [f"{path.name}:{line}: {text[:60]}" for text, line in texts if first_word(text) in QUESTIONS]


def test_every_room_exists():
    assert all(any(room in path.relative_to(PACKAGE).with_suffix("").parts for path in FILES) for room in ROOMS)


@pytest.mark.parametrize(
    "line",
    [
        *("found = 1", "self.place = 1", "def f(own): ...", "def _told(): ...", "import os as part", "PARTS: int = 1"),
        *("for apart, x in y: ...", "[known for known in y]", "share = 0.8", "class A:\n    begun: int"),
    ],
)
def test_banned_names_are_seen(line):
    assert len(set(banned_names(ast.parse(line), "x.py"))) == 1


def test_share_has_one_meaning_and_uses_are_not_definitions():
    assert not banned_names(ast.parse("share = 1"), "config/batch_share.py")
    assert not banned_names(ast.parse("from a import share\nx.parts(found=3)"), "x.py")


@pytest.mark.parametrize("text", ["What it is.", "`Whether` so.", "How: so", "Who's there"])
def test_question_words_are_seen(text):
    assert first_word(text) in QUESTIONS
