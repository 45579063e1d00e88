"""R30: tables, configs, names and metadata of others: one line each, nothing hangs, nothing steers a terminal."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from camera_files import write_burst

from hdrpipe.cli.inspect import command as inspect
from hdrpipe.config.load import read_config
from hdrpipe.errors import HdrpipeError
from hdrpipe.files import weights
from hdrpipe.files.product.hdf5 import write_product
from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.inference.load import stored


def aliases(row="- {{file: {}}}\n", pair="*{0}", brackets="[]"):
    """A few hundred bytes whose aliases stand for nine to the tenth values."""
    lines, below = ["- {x: &a [1, 2]}"], "a"
    for name in "bcdefghij":
        inner = ", ".join(pair.format(below, k) for k in range(9))
        lines.append(f"- {{x: &{name} {brackets[0]}{inner}{brackets[1]}}}")
        below = name
    return "\n".join(lines) + "\n" + row.format("*j")


CSV = {
    "huge field": 'burst,file,ev\na,"' + "x" * 200000 + '",1\n',
    "one file often": "file\n" + "1.png\n" * 10**5,
    "many names": "file\n" + "".join(f"{k}.jpg\n" for k in range(10**5)),
    "open quote": 'burst,file,ev\na,"1.png,-2\na,2.png,0\n',
    "no columns": "\r\r\r",
    "commas": "," * 10**5,
    "nothing": "\0" * 1000,
    "escapes": "burst,file,ev\na,\x1b[2J.png,0\na,1.png,2\n",
    "column": "\x1b]0;owned\a,file\n1,1.png\n",
    "bytes": b"file\nK\xfcche.png\n",
    "wide": "file,ev\n1.png,0\n2.png,2\n".encode("utf-32"),
    "burst": 'burst,file,ev\n"a\nb",1.png,0\n"a\nb",2.png,2\n',
    "number": "file,ev\n1.png,1e999\n2.png,0\n",
    "digits": "file,seconds\n1.png,1/" + "9" * 9999 + "\n2.png,1\n",
}
YAML = {
    "lists": aliases(),
    "mappings": aliases(pair="k{1}: *{0}", brackets="{}"),
    "merges": aliases(pair="*{0}", brackets=("{<<: [", "]}")).replace("[1, 2]", "{k: 1, l: 2}"),
    "a number of aliases": aliases("- {{file: 1.png, ev: {}}}\n"),
    "itself": "- &a {file: 1.png, ev: *a}\n",
    "deep": "[" * 10**4,
    "empty number": "- {file: 1.png, ev: !!int ''}\n",
    "odd time": "- {file: 1.png, ev: !!timestamp soon}\n",
    "list as key": "- {? [a] : b}\n",
    "digits": "- {file: 1.png, ev: " + "9" * 9999 + "}\n",
    "escapes": '- {file: "\\e[2J.png"}\n',
}


def run(*arguments):
    """What a command wrote, as bytes, with its exit code."""
    command = [sys.executable, "-c", "from hdrpipe.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, timeout=300)


def assert_harmless(done):
    """Neither a traceback, nor a mark that steers a terminal (progress lines begin with a carriage return)."""
    for written in (done.stdout, done.stderr.replace(b"\r", b"")):
        text = written.decode("utf-8")
        assert all(mark.isprintable() or mark == "\n" for mark in text)
        assert "Traceback" not in text
        assert "bug" not in text


def test_a_bad_table_is_one_line_and_the_other_bursts_are_checked(tmp_path, count):
    write_burst(tmp_path / "good")
    tables = [("csv", name, text) for name, text in CSV.items()] + [("yaml", name, text) for name, text in YAML.items()]
    for suffix, name, text in tables:
        folder = write_burst(tmp_path / f"{suffix} {name}", text=False)
        (folder / f"bursts.{suffix}").write_bytes(text.encode() if isinstance(text, str) else text)
    done = run("check", tmp_path)
    assert_harmless(done)
    assert done.returncode == 3
    lines = done.stdout.decode().splitlines()
    assert any(line.startswith("| good ") and "64x48" in line for line in lines)
    errors = lines[lines.index("Errors:") + 1 :]
    for suffix, name, _ in tables:
        assert sum(line.startswith(f"  {suffix} {name}: ") for line in errors) == 1
    count("R30", len(tables))


@pytest.mark.parametrize("name", YAML)
def test_a_config_is_refused_in_one_line(tmp_path, name, count):
    path = tmp_path / "config.yaml"
    path.write_text(f"run:\n  {YAML[name]}".replace("\n", "\n  "))
    with pytest.raises(HdrpipeError) as caught:
        read_config(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2000
    count("R30")


NAMES = {
    "colours": "\x1b[31mred",
    "clear": "\x9b2J",
    "title": "\x1b]0;owned\a",
    "newline": "a\nhdrpipe: error: forged",
    "return": "a\roverwritten",
    "backspace": "abc\b\b\b",
    "direction": "a\u202egpj",
    "separator": "a\u2028b",
    "bytes": "K\udcfcche",
    "spaces": "  a  b ",
    "formula": "=cmd|' c calc'!A1",
    "percent": "%s%n{0}{}",
}


@pytest.fixture(scope="module")
def shots(tmp_path_factory):
    """A folder of bursts with hostile names of folders and files."""
    root = tmp_path_factory.mktemp("shots")
    for name in NAMES.values():
        write_burst(root / name, name=name.replace("{", "{{").replace("}", "}}") + " {}", bits=8, suffix="jpg")
        (root / name / f"{name}.txt").write_text("ignored")
    return root


def test_hostile_names_are_checked_and_shown_as_escapes(shots, count):
    done = run("check", shots, "--write-tables")
    assert_harmless(done)
    assert f"{len(NAMES)} bursts, 0 errors" in done.stdout.decode()
    count("R30", len(NAMES))


def test_hostile_names_are_fused_and_shown_as_escapes(shots, tmp_path, count):
    done = run("fuse", shots, "--method", "triangle", "--align", "none", "-o", tmp_path / "out\x1b[31m\n")
    assert_harmless(done)
    assert done.returncode == 0, done.stderr.decode()
    assert len(list(tmp_path.glob("*/*.exr"))) == len(NAMES)
    count("R30", len(NAMES))


@pytest.mark.parametrize("name", list(NAMES))
def test_a_missing_file_of_a_hostile_name_is_told(tmp_path, name, count):
    for command in ("check", "verify", "inspect"):
        done = run(command, tmp_path / NAMES[name])
        assert_harmless(done)
        assert done.stderr.decode().count("\n") == 1
        assert done.returncode in (2, 3)
    count("R30")


DEEP = "[" * 10**4 + "]" * 10**4
METADATA = {
    "deep": f'{{"version":1,"content_hash":"x","metadata":{DEEP}}}',
    "list": '{"version":1,"content_hash":"x","metadata":[]}',
    "no hash": '{"version":1,"content_hash":null,"metadata":{}}',
    "open": "[" * 10**4,
    "text": '"' + "x" * 10**6 + '"',
    "number": "1" * 10**5,
}


@pytest.mark.parametrize("name", METADATA)
def test_forged_metadata_of_weights_is_one_line(tmp_path, name, count):
    header = json.dumps({"__metadata__": {"hdrpipe": METADATA[name]}}).encode()
    path = tmp_path / "forged.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    assert_one_line(lambda: stored(path), count)


PLAIN = {"backbone": "merge_net", "options": {}, "output": "sigmoid", "exposures": 3}
MODELS = {
    "list": [],
    "no backbone": {},
    "number": PLAIN | {"backbone": 3},
    "way out": PLAIN | {"backbone": "../../evil"},
    "module": PLAIN | {"backbone": "network"},
    "options": PLAIN | {"options": []},
    "none": None,
    "exposures": PLAIN | {"exposures": 10**9},
    "no number": PLAIN | {"exposures": "many"},
    "output": PLAIN | {"output": "\x1b[31m"},
    "escapes": PLAIN | {"backbone": "\x1b[31m"},
}


@pytest.mark.parametrize("name", MODELS)
def test_weights_of_an_impossible_network_are_one_line(tmp_path, name, count):
    path = tmp_path / "forged.safetensors"
    weights.save_weights(path, {"a": torch.zeros(2)}, {"model": MODELS[name]})
    assert_one_line(lambda: stored(path), count)


PROVENANCE = ["[" * 10**4, "[]", "3", "", '{"stage": 3}', '{"stage": "x", "code": "", "versions": [], "spec": 1}']


@pytest.mark.parametrize("text", PROVENANCE, ids=lambda text: text[:12])
def test_forged_provenance_of_a_product_is_one_line(tmp_path, monkeypatch, text, count):
    path = tmp_path / "truth.h5"
    fields = {"radiance": np.zeros((3, 4, 4), np.float32), "preview": np.zeros((4, 4, 3), np.uint8)}
    monkeypatch.setattr("hdrpipe.files.product.hdf5.json.dumps", lambda *_, **__: text)
    write_product(path, SCHEMAS["truth"], [("a", fields, {})], {})
    monkeypatch.undo()
    assert_one_line(lambda: inspect(path), count)


def test_forged_sidecars_tell_nothing(tmp_path, count):
    path = tmp_path / "student.safetensors"
    weights.save_weights(path, {"a": torch.zeros(2)}, {"note": "\x1b[31m\nred"})
    for text in ("[" * 10**4, "{", "[]"):
        (tmp_path / "student.safetensors.json").write_text(text)
        done = run("inspect", path)
        assert_harmless(done)
        assert done.returncode == 0, done.stderr.decode()
        assert "made by: not recorded" in done.stdout.decode()
        count("R30")


def assert_one_line(action, count):
    with pytest.raises(HdrpipeError) as caught:
        action()
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2000
    count("R30")
