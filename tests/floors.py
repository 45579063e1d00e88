"""Floors of the package, and their diagram in docs/architecture.md, which `python tests/floors.py` writes."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "hdrpipe"
PAGE = ROOT / "docs" / "architecture.md"

FLOORS = (
    {"terminal"},
    {"errors", "quantities", "randomness", "__init__"},
    {"config"},
    {"imaging", "files"},
    {"datasets", "models", "masking", "learning", "evaluation"},
    {"report", "inference"},
    {"stages", "tools"},
    {"cli", "api"},
    {"__main__"},
)
"""Rooms from the ground up: each imports from lower floors only."""

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

DIAGRAM = re.compile(r"(<!-- floors -->\n```mermaid\n).*?(```\n)", re.DOTALL)


def room(path: Path) -> str:
    """Folder or single file of the package that a module belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> set[str]:
    """Dotted names that a module imports."""
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return names | {f"{node.module}.{alias.name}" for node in froms for alias in node.names}


def rooms_imported(tree: ast.AST) -> set[str]:
    """Rooms that a module imports from."""
    names = (name.split(".") for name in imported(tree))
    return {
        parts[1] if parts[1] in FLOOR else "__init__" for parts in names if parts[0] == "hdrpipe" and len(parts) > 1
    }


def imports_of_rooms() -> dict[str, set[str]]:
    """Room -> the other rooms that it imports from; without the nearly empty `__init__`."""
    rooms: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        here = room(path)
        there = rooms_imported(ast.parse(path.read_text(encoding="utf-8"))) - {here, "__init__"}
        rooms.setdefault(here, set()).update(there)
    rooms.pop("__init__")
    return rooms


def direct(imports: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Imports that are not also made by way of a third room: the arrows that a reader needs."""

    def below(start: str) -> set[str]:
        return imports[start].union(*(below(other) for other in imports[start])) if imports[start] else set()

    for here, there in sorted(imports.items()):
        indirect = set().union(*(below(other) for other in there))
        yield from ((here, other) for other in sorted(there - indirect))


def diagram() -> str:
    """Mermaid flowchart: a box for each floor, the top one first, and an arrow for each direct import."""
    lines = ["flowchart TD"]
    for number, rooms in reversed(list(enumerate(FLOORS))):
        names = sorted(rooms - {"__init__"})
        lines += [f'    subgraph floor{number}["floor {number}"]', *(f"        {name}" for name in names), "    end"]
    return "\n".join([*lines, *(f"    {here} --> {there}" for here, there in direct(imports_of_rooms()))]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(DIAGRAM.sub(lambda found: found[1] + diagram() + found[2], PAGE.read_text(encoding="utf-8")))
