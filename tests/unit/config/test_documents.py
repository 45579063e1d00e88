"""JSON and YAML from outside: the value, or a ValueError; never a hang, never another exception."""

import pytest
import yaml

from hdrpipe.config.documents import MOST_VALUES, check_size, from_json, from_yaml
from hdrpipe.config.load import check_config, read_config
from hdrpipe.errors import UsageError


def laughs(open_="[", close="]", key="", merged=False):
    """A few hundred bytes whose aliases stand for nine to the tenth values."""
    lines, below = ["a: &a {k: 1, l: 2}"], "a"
    for name in "bcdefghij":
        inner = ", ".join(f"{key.format(k)}*{below}" for k in range(9))
        lines.append(f"{name}: &{name} {{<<: [{inner}]}}" if merged else f"{name}: &{name} {open_}{inner}{close}")
        below = name
    return "\n".join(lines) + "\nrun: *j\n"


HOSTILE = {
    "lists": laughs(),
    "mappings": laughs("{", "}", "k{}: "),
    "merges": laughs(merged=True),
    "itself": "run: &a [*a]\n",
    "deep": "run: " + "[" * 10000,
    "deep block": "".join(f"{' ' * k}a:\n" for k in range(2000)),
    "empty number": "run: !!int ''\n",
    "odd truth": "run: !!bool maybe\n",
    "odd time": "run: !!timestamp soon\n",
    "no month": "run: 2025-13-01\n",
    "list as key": "? [a]\n: b\n",
    "unknown tag": "run: !!python/object/apply:os.system [exit]\n",
    "two documents": "run: a\n---\nrun: b\n",
    "zero byte": "run: \0",
    "cut off": "run: [a, b\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_yaml_is_a_value_error(name):
    with pytest.raises(ValueError, match=r"\w") as caught:
        from_yaml(HOSTILE[name])
    assert type(caught.value) is ValueError
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_config_of_it_is_refused_in_one_line(tmp_path, name):
    path = tmp_path / "config.yaml"
    path.write_text(HOSTILE[name])
    with pytest.raises(UsageError) as caught:
        read_config(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["lists", "mappings", "itself"])
def test_a_config_that_another_program_parsed_is_bounded_too(name):
    with pytest.raises(UsageError, match="aliases"):
        check_config(yaml.safe_load(HOSTILE[name]))


def test_plain_yaml_is_what_the_library_reads():
    text = "base: &b {a: 1, c: [x, null, 1.5, true]}\nmore: {<<: *b, d: 2025-01-02}\nagain: [*b, *b]\n"
    assert from_yaml(text) == yaml.safe_load(text)
    assert from_yaml("") is None


def test_a_refused_value_is_cut_in_the_message():
    with pytest.raises(UsageError) as caught:
        check_config({"rounds": ["x"] * 10**5})
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("text", ["[" * 10**4, '{"a":' * 10**4, "", "[1,", "nul", "\ud800", "1" * 5000])
def test_hostile_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"\w"):
        from_json(text)


def test_size_is_counted_as_often_as_it_is_referred_to():
    once = list(range(1000))
    check_size([once] * 900)
    with pytest.raises(ValueError, match=str(MOST_VALUES)):
        check_size([once] * 1000)
