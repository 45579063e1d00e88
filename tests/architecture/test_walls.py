"""The floors of the house and its walls, read off the code's own syntax trees."""

import ast
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from floors import DIAGRAM, FLOOR, PACKAGE, PAGE, diagram, imported, room, rooms_imported

FILES = sorted(PACKAGE.rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = node.body[0]
    text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    start = node.body[1].lineno if text and len(node.body) > 1 else first.lineno
    return (node.end_lineno or start) - start + 1


FUNCTIONS = [
    (path, node)
    for path, tree in TREES.items()
    for node in ast.walk(tree)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_strictly_downward(path):
    here = room(path)
    for there in rooms_imported(TREES[path]) - {here}:
        assert FLOOR[there] < FLOOR[here], f"{here} imports {there}"


def test_the_committed_diagram_is_that_of_the_code():
    assert DIAGRAM.search(PAGE.read_text(encoding="utf-8"))[0].split("\n", 2)[2] == diagram() + "```\n", (
        "python tests/floors.py"
    )


def test_every_room_has_a_floor():
    assert {room(path) for path in FILES} <= set(FLOOR)


@pytest.mark.parametrize(
    ("word", "home"), [("h5py", "files/product/hdf5.py"), ("replace", "files/atomic.py")], ids=["h5py", "os.replace"]
)
def test_doors_to_disk_are_in_one_file(word, home):
    if word == "h5py":
        users = [path for path, tree in TREES.items() if any(n.split(".")[0] == "h5py" for n in imported(tree))]
    else:
        users = [path for path, tree in TREES.items() if _calls(tree, "os", {"replace", "rename"})]
    assert {path.relative_to(PACKAGE).as_posix() for path in users} == {home}


ABROAD = runpy.run_path(str(Path(__file__).parents[1] / "other_system" / "sitecustomize.py"))
"""Names that Python has on Linux and lacks on other systems."""


LINUX_MODULES = {*ABROAD["MODULES"]["win32"], "ctypes", "select"}
"""Modules that Windows lacks, or that have other contents there."""

LINUX_PATH = re.compile(r"/(proc|dev|sys)(/|$)")


def _differs(owner: str, name: str) -> bool:
    """True of a name of a module that other systems lack, or that has another value there; `*` may be such a name."""
    if owner == "os":
        return name in ABROAD["OS"]["win32"] or name in ("kill", "name", "*")
    if owner == "signal":
        return ABROAD["signal_is_missing"](name) or name == "*"
    return owner == "sys" and name in ("platform", "*")


def _module_names(tree: ast.AST) -> dict[str, str]:
    """Name in a module -> module that it stands for, by `import os` or `import os as system`."""
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return {alias.asname or alias.name: alias.name for alias in imports}


def _attributes(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Pairs (module, name) of what a module reads as `os.fork`, `getattr(os, "fork")` or `from os import fork`."""
    modules = _module_names(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                yield modules.get(owner, owner), name
            case ast.Call(func=ast.Name(id="getattr"), args=[ast.Name(id=owner), ast.Constant(value=str(name)), *_]):
                yield modules.get(owner, owner), name
            case ast.ImportFrom(module=str(owner), names=names):
                yield from ((owner, alias.name) for alias in names)


def _loaded_by_name(tree: ast.AST) -> Iterator[str]:
    """Modules of `__import__("fcntl")` and `importlib.import_module("fcntl")`."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Name(id="__import__" | "import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name


def _linux_only(tree: ast.AST) -> set[str]:
    """What a module uses that Windows or macOS has not, or that depends on the system."""
    used = {name.split(".")[0] for name in (*imported(tree), *_loaded_by_name(tree))} & LINUX_MODULES
    used |= {f"{owner}.{name}" for owner, name in _attributes(tree) if _differs(owner, name)}
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return used | {text for text in texts if LINUX_PATH.match(text)}


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("import fcntl", "fcntl"),
        ("import fcntl as locks", "fcntl"),
        ("from fcntl import flock", "fcntl"),
        ("from ctypes.util import find_library", "ctypes"),
        ("def late():\n    from resource import getrusage", "resource"),
        ("__import__('fcntl')", "fcntl"),
        ("importlib.import_module('resource')", "resource"),
        ("os.fork()", "os.fork"),
        ("from os import fork", "os.fork"),
        ("from os import fork as branch", "os.fork"),
        ("from os import *", "os.*"),
        ("import os as system\nsystem.fork()", "os.fork"),
        ("getattr(os, 'fork', None)", "os.fork"),
        ("from os import kill", "os.kill"),
        ("from signal import SIGKILL", "signal.SIGKILL"),
        ("import signal as s\ns.setitimer", "signal.setitimer"),
        ("from sys import platform", "sys.platform"),
        ("import sys as s\ns.platform", "sys.platform"),
        ("Path('/dev')", "/dev"),
        ("Path('/dev/shm')", "/dev/shm"),
        ("open('/proc')", "/proc"),
        ("open(f'/proc/{number}/stat')", "/proc/"),
        ("Path('/sys/fs/cgroup')", "/sys/fs/cgroup"),
    ],
)
def test_the_wall_catches_every_spelling(source, caught):
    assert _linux_only(ast.parse(source)) == {caught}


def test_renaming_is_caught_in_every_spelling():
    for source in ("os.replace(a, b)", "from os import replace", "import os as system\nsystem.rename(a, b)"):
        assert _calls(ast.parse(source), "os", {"replace", "rename"}), source


@pytest.mark.parametrize(
    "source",
    [
        *("from os import fspath", "import os.path", "os.replace(a, b)", "from signal import SIGTERM"),
        *("sys.exit", "Path('/development')", "'see /proc'", "self.fork()", "from hdrpipe.files.system import flock"),
    ],
)
def test_the_wall_lets_pass_what_every_system_has(source):
    assert not _linux_only(ast.parse(source))


def test_what_depends_on_the_operating_system_is_in_one_file():
    found = {path.relative_to(PACKAGE).as_posix(): _linux_only(tree) for path, tree in TREES.items()}
    home = found.pop("files/system.py")
    assert {"fcntl", "resource", "ctypes", "os.memfd_create", "sys.platform", "/proc/vmstat"} <= home
    assert not {path: sorted(used) for path, used in found.items() if used}


def test_only_the_command_line_prints_and_exits():
    for path, tree in TREES.items():
        loud = _calls(tree, "sys", {"exit"}) or any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "exit"}
            for node in ast.walk(tree)
        )
        assert not loud or room(path) == "cli", path


def test_no_assert_in_the_package():
    assert not [path for path, tree in TREES.items() if any(isinstance(n, ast.Assert) for n in ast.walk(tree))]


def test_files_and_functions_are_small():
    assert not [path for path in FILES if len(path.read_text().splitlines()) > 400]
    sizes = [body_lines(node) for _, node in FUNCTIONS]
    assert not [f"{path.name}:{node.name}" for path, node in FUNCTIONS if body_lines(node) > 40]
    assert sum(size <= 25 for size in sizes) >= 0.9 * len(sizes)


def test_public_things_say_what_they_are():
    kinds = (ast.FunctionDef, ast.ClassDef)
    for path, tree in TREES.items():
        if room(path) != "cli":
            public = [n for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]
            assert not [f"{path.name}:{n.name}" for n in public if not ast.get_docstring(n)]


@pytest.mark.parametrize(
    "module", ["hdrpipe.config.load", "hdrpipe.config.fingerprint", "hdrpipe.config.plugins", "hdrpipe.cli._app"]
)
def test_what_the_snakefile_imports_is_light(module):
    code = f"import sys, {module}; sys.exit(bool({{'torch', 'cv2', 'h5py', 'pandas'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("module", "late"),
    [
        ("hdrpipe.inference.fuse", {"scipy.stats", "scipy.optimize", "scipy.special"}),
        ("hdrpipe.tools.check", {"torch", "scipy"}),
        ("hdrpipe.tools.inspect", {"torch", "scipy", "cv2"}),
    ],
)
def test_commands_for_people_start_without_what_they_seldom_need(module, late):
    code = f"import sys, {module}; sys.exit(bool({late!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def _calls(tree: ast.AST, owner: str, names: set[str]) -> bool:
    return any(module == owner and name in names for module, name in _attributes(tree))
