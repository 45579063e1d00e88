"""Plain outputs are compared with what their provenance tells."""

import pytest

from hdrpipe.errors import DamagedError, InputError
from hdrpipe.files.product.envelope import sidecar
from hdrpipe.files.recorded import read_json, read_text
from hdrpipe.stages.job import Job


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "masks.json"
    path.write_text('{"keep_rate": 0.5}')
    Job("masks").record(path, {})
    return path


def test_an_output_as_written_is_read(made):
    assert read_json(made, "masks") == {"keep_rate": 0.5}
    assert sidecar(made)["stage"] == "masks"


def test_without_provenance_it_is_read_as_it_is(made):
    made.with_name("masks.json.json").unlink()
    made.write_text("[1]")
    assert sidecar(made) == {}
    assert read_json(made, "masks") == [1]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b'{"keep_rate": 0.6}', "was altered"), (b"\xff\xfe", "was altered")],
)
def test_what_was_emptied_or_altered_is_refused_with_file_and_rule(made, content, message):
    made.write_bytes(content)
    with pytest.raises(DamagedError, match=message) as caught:
        read_json(made, "masks")
    assert str(made) in str(caught.value)
    assert "run the rule 'masks' again" in str(caught.value)


@pytest.mark.parametrize(("content", "reader"), [(b"\xff\xfe", read_text), (b"{", read_json)])
def test_what_is_no_text_or_no_json_is_damaged(tmp_path, content, reader):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(DamagedError, match=r"a\.json"):
        reader(tmp_path / "a.json", "masks")


def test_a_missing_file_is_bad_input(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_text(tmp_path / "a.csv", "evaluate")
