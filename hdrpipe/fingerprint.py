"""What code a stage runs, as a hash: comments, docstrings and formatting do not count, imported modules do.

Beside it: what a folder of pictures holds, as a hash.
"""

import ast
import contextlib
import hashlib
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from hdrpipe.errors import UsageError

PACKAGE = Path(__file__).parent


def fingerprint(stage: str, plugins: Iterable[tuple[str, str]] = (), weights: Iterable[str] = ()) -> str:
    """Hash of a stage module, of every `hdrpipe` module that it imports, and of the files that its spec names.

    Args:
        stage: file name in `hdrpipe/stages`, without ending.
        plugins: pairs (wing, name), for example ("masking", "threshold").
        weights: weights files; their content counts, not their name.

    Raises:
        UsageError: a weights file cannot be read.
    """
    roots = [PACKAGE / "stages" / f"{stage}.py", *(PACKAGE / wing / f"{name}.py" for wing, name in plugins)]
    files = sorted(set().union(*(closure(root) for root in roots)))
    lines = [f"{path.relative_to(PACKAGE)} {_meaning(path)}" for path in files]
    lines += [_content(Path(name)) for name in weights]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def closure(root: Path) -> frozenset[Path]:
    """`root` and every file of the package that it imports, directly or not."""
    seen: set[Path] = set()
    todo = [root]
    while todo:
        path = todo.pop()
        if path not in seen:
            seen.add(path)
            todo.extend(_imports(path))
    return frozenset(seen)


def folder_state(root: str) -> str:
    """Hash of the names, sizes and times of all files below a folder, so that a changed picture is noticed."""
    digest = hashlib.sha256()
    for here, below, names in os.walk(Path(root).expanduser()):
        below.sort()
        for name in sorted(names):
            with contextlib.suppress(OSError):
                about = os.lstat(os.path.join(here, name))
                digest.update(ascii((here, name, about.st_size, about.st_mtime_ns)).encode())
    return digest.hexdigest()[:16]


def _content(path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"no weights to start from ({error.strerror})", path, "see warmup.weights") from None


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def _meaning(path: Path) -> str:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [child for child in node.body if not _is_text(child)]
    data = path.with_suffix("")
    extra = sorted(data.parent.glob(f"{data.name}.*")) if path.parent.name == "stages" else []
    shown = b"".join(p.read_bytes() for p in extra if p.suffix in {".html", ".css", ".js"})
    return hashlib.sha256(ast.dump(tree).encode() + shown).hexdigest()


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    names: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    files = (_file(name) for name in names if name.split(".")[0] == "hdrpipe")
    return tuple(sorted(file for file in files if file))


def _file(module: str) -> Path | None:
    base = PACKAGE.joinpath(*module.split(".")[1:])
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if base != PACKAGE and p.is_file()), None)
