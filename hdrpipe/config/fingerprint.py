"""Hash of the code that decides a stage's numbers: its module and all that this imports.

Left out is what cannot change a number: comments, docstrings, formatting, annotations, the texts of errors, logs and
descriptions, and the modules of `UNCOUNTED`.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from hdrpipe.config.plugins import source
from hdrpipe.errors import UsageError

PACKAGE = Path(__file__).parents[1]

UNCOUNTED = frozenset(
    {f"config/{name}.py" for name in ("load", "sections", "spec", "aliases", "plugins", "runs", "costs", "fingerprint")}
    | {f"config/{name}_options.py" for name in ("dataset", "mask", "model")}
    | {"errors.py", "files/product/viewers.py", "files/locks.py", "files/system.py", "files/provenance.py"}
)
"""Modules of the package that change no number: settings reach a stage as its spec, which is tracked by itself."""

LOG_METHODS = frozenset({"debug", "info", "warning", "error", "exception"})

TEXT_ARGUMENTS = frozenset({"description", "hint", "help"})
"""Keyword arguments that only people read."""


def fingerprint(stage: str, plugins: Iterable[tuple[str, str]] = (), weights: Iterable[str] = ()) -> str:
    """Hash of a stage module, of every `hdrpipe` module that it imports, and of the files that its spec names.

    Args:
        stage: file name in `hdrpipe/stages`, without ending.
        plugins: pairs (wing, name), for example ("masking", "threshold").
        weights: weights files; their content counts, not their name.

    Raises:
        UsageError: a weights file or a plug-in cannot be read.
    """
    roots = [PACKAGE / "stages" / f"{stage}.py", *(source(wing, name) for wing, name in plugins)]
    files = sorted(set().union(*(closure(root) for root in roots)))
    lines = [f"{_label(path)} {_meaning(path)[0]}" for path in files]
    lines += [_content(Path(name)) for name in weights]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def package_digest() -> str:
    """Hash of all Python files of this package, to the letter: whether two processes run one and the same package."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(f"{path.relative_to(PACKAGE)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def closure(root: Path) -> frozenset[Path]:
    """`root` and every file of the package that it imports, directly or not, less `UNCOUNTED`."""
    seen: set[Path] = set()
    todo = [root]
    while todo:
        path = todo.pop()
        if path not in seen and _label(path) not in UNCOUNTED:
            seen.add(path)
            todo.extend(_meaning(path)[1])
    return frozenset(seen)


def _label(path: Path) -> str:
    """Path below the package; the name alone of a plug-in's file outside it."""
    return path.relative_to(PACKAGE).as_posix() if path.is_relative_to(PACKAGE) else path.name


def _content(path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        hint = "see warmup.weights and teacher.source"
        raise UsageError(f"no weights file ({error.strerror})", path, hint) from None


@cache
def _meaning(path: Path) -> tuple[str, tuple[Path, ...]]:
    """Hash of what counts of a module, and the files of the package that it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = _imports(tree)
    data = path.with_suffix("")
    extra = sorted(data.parent.glob(f"{data.name}.*")) if path.parent.name == "report" else []
    assets = b"".join(p.read_bytes() for p in extra if p.suffix in {".html", ".css", ".js"})
    return hashlib.sha256(ast.dump(without_texts(tree)).encode() + assets).hexdigest(), imports


def without_texts(tree: ast.Module) -> ast.Module:
    """The tree, changed in place: docstrings and annotations removed, texts for people emptied."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [child for child in node.body if not _is_text(child)]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
            _empty_error_texts(node)
        elif isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.Raise) or _is_log_call(node) or _is_text_argument(node):
            _empty_strings(node)
    return tree


def _empty_error_texts(function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    """Empty the strings of local names that are read in `raise` statements alone, such as `hint = "..."`."""
    nodes = list(ast.walk(function))
    in_raises = {
        id(node): node for statement in nodes if isinstance(statement, ast.Raise) for node in ast.walk(statement)
    }
    inside = {node.id for node in in_raises.values() if isinstance(node, ast.Name)}
    reads = (n for n in nodes if inside and isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load))
    texts = inside - {node.id for node in reads if id(node) not in in_raises}
    for node in nodes if texts else ():
        if isinstance(node, ast.Assign) and {getattr(target, "id", "") for target in node.targets} <= texts:
            _empty_strings(node)


def _is_text_argument(node: ast.AST) -> bool:
    return isinstance(node, ast.keyword) and node.arg in TEXT_ARGUMENTS


def _is_log_call(node: ast.AST) -> bool:
    """True for a call such as `logger.info(...)` or `logging.getLogger("hdrpipe").info(...)`."""
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOG_METHODS):
        return False
    return "log" in ast.unparse(node.func.value).lower()


def _empty_strings(root: ast.AST) -> None:
    for node in ast.walk(root):
        if isinstance(node, ast.JoinedStr):
            node.values = [value for value in node.values if isinstance(value, ast.FormattedValue)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _imports(tree: ast.Module) -> tuple[Path, ...]:
    names: set[str] = set()
    for node in ast.walk(tree):
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
