"""The floors of the house and its walls, read off the code's own syntax trees."""

import ast
import runpy
import subprocess
import sys
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


def _linux_only(tree: ast.AST) -> set[str]:
    """What a module uses that Windows or macOS has not, or that depends on the system."""
    used = imported(tree) & {*ABROAD["MODULES"]["win32"], "ctypes", "select"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner, name = node.value.id, node.attr
            lacking = owner == "os" and (name in ABROAD["OS"]["win32"] or name in ("kill", "name"))
            lacking |= owner == "signal" and ABROAD["signal_is_missing"](name)
            used |= {f"{owner}.{name}"} if lacking or (owner, name) == ("sys", "platform") else set()
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith(("/proc", "/dev/")):
            used.add(node.value)
    return used


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
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in names
        and isinstance(node.value, ast.Name)
        and node.value.id == owner
        for node in ast.walk(tree)
    )
