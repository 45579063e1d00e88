"""R37: whatever bytes a reader is given, it reads them or says why not in one line; `make fuzz` looks for more."""

import logging
import warnings

import pytest
from campaign import dice, parts
from damages import DAMAGES
from fuzz import run
from fuzz.readers import READERS, corpus, read

CHANGED = 1000

every = pytest.mark.parametrize("reader", READERS)


@pytest.fixture(autouse=True)
def quiet():
    """Without the thousands of remarks of the parsers."""
    logging.disable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    logging.disable(logging.NOTSET)


@every
def test_the_corpus_is_small_and_holds_files_that_are_read(reader):
    files = corpus(reader)
    assert sum(map(len, files.values())) < 400_000
    refusals = {name: read(reader, data) for name, data in files.items()}
    assert "" in refusals.values(), refusals


@every
@parts(40, CHANGED)
def test_changed_files_are_read_or_refused(reader, numbers, count):
    files = corpus(reader)
    for number in numbers:
        chance = dice("R37", reader, number)
        name = chance.choice(sorted(files))
        data = bytearray(files[name])
        for damage in chance.choices(DAMAGES, k=chance.randint(1, 3)):
            data = damage(chance, data or bytearray(1))
        try:
            read(reader, bytes(data))
        except Exception as error:
            error.add_note(f"number {number}, of {name}")
            raise
    count("R37", len(numbers))


def test_a_campaign_counts_its_executions_and_names_a_fault(tmp_path, monkeypatch, capsys):
    """With a stand-in for the process of atheris, which `make fuzz` installs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["run", "--reader", "log", "--runs", "7"])
    for script, code in (("print('#7\\tDONE')", 0), ("print('#3 NEW'); raise SystemExit(77)", 1)):
        monkeypatch.setattr(run, "COMMAND", ("-c", script))
        with pytest.raises(SystemExit) as caught:
            run.main()
        assert bool(caught.value.code) == bool(code)
        printed = capsys.readouterr().out
        assert f"{3 if code else 7} executions" in printed
        assert ("FAULT" in printed) == bool(code)
