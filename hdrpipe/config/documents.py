"""JSON and YAML that others wrote: a value of bounded size, or a ValueError.

A few hundred bytes of nested YAML aliases stand for billions of values, and ten thousand brackets exhaust the stack of
their parser.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

import yaml

MOST_VALUES = 10**6
"""Most values of a YAML document with every alias written out."""

TOO_LARGE = f"its aliases stand for more than {MOST_VALUES} values"


def from_json(text: str | bytes) -> Any:
    """The value of a JSON document; ValueError if it is none, or nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def from_yaml(text: str) -> Any:
    """The value of a YAML document of plain values.

    Raises:
        ValueError: it is none, is nested too deeply, or holds more than MOST_VALUES.
    """
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        check_size(node, _below)
        return loader.construct_document(node)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except (LookupError, AttributeError, TypeError) as error:  # a tag on what it does not fit, such as `!!int ''`
        raise ValueError(f"a value does not fit its tag ({type(error).__name__})") from None


def members(value: Any) -> Iterable[Any]:
    """Values that a plain value holds."""
    if isinstance(value, Mapping):
        return cast(Mapping[Any, Any], value).values()
    return cast(Sequence[Any], value) if isinstance(value, list | tuple) else ()


def check_size(root: Any, below: Callable[[Any], Iterable[Any]] = members) -> None:
    """Raise ValueError if a value holds more than MOST_VALUES, counted as often as it refers to them, or itself."""
    sizes: dict[int, int] = {}

    def size(value: Any) -> int:
        if id(value) not in sizes:
            sizes[id(value)] = MOST_VALUES  # until it is counted: what holds itself has no end
            sizes[id(value)] = 1 + sum(map(size, below(value)))
        return sizes[id(value)]

    if size(root) > MOST_VALUES:
        raise ValueError(TOO_LARGE)


def _below(node: yaml.Node) -> Iterable[yaml.Node]:
    """Nodes that a node of YAML holds; keys, too."""
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return cast(list[yaml.Node], node.value) if isinstance(node, yaml.SequenceNode) else ()
