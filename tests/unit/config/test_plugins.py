"""Plug-ins by name, by path and by entry point."""

from importlib.metadata import EntryPoint

import pytest

from hdrpipe.config import plugins
from hdrpipe.config.fingerprint import fingerprint
from hdrpipe.config.load import check_config, plugins_of, stage_spec
from hdrpipe.errors import UsageError

MASK = """
from hdrpipe.config.mask_options import MaskOptions

class Options(MaskOptions):
    needs_frames = True
    strength: float = 0.5
"""


@pytest.mark.parametrize(("wing", "name"), [(wing, name) for wing, names in plugins.BUILT_IN.items() for name in names])
def test_a_built_in_plugin_has_the_options_of_the_config(wing, name):
    assert plugins.load(wing, name).Options is plugins.BUILT_IN[wing][name]
    assert str(plugins.load(wing, name).__file__) == str(plugins.source(wing, name))


@pytest.fixture
def by_path(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MASK)
    return {"masks": {"strategy": str(path), "options": {"strength": "0.7"}}}


def test_a_path_is_a_plugin_with_typed_options(by_path):
    config = check_config(by_path)
    assert config.masks.options.strength == 0.7
    assert config.masks.options.needs_frames
    assert '"options":{"strength":0.7}' in stage_spec(config, "masks")
    with pytest.raises(UsageError, match=r"masks.options.strenght: unknown key \(did you mean 'strength'\?\)"):
        check_config({"masks": {"strategy": by_path["masks"]["strategy"], "options": {"strenght": 1}}})


def test_the_code_of_a_plugin_by_path_counts(by_path, tmp_path):
    config = check_config(by_path)
    before = fingerprint("masks", plugins_of(config, "masks"))
    (tmp_path / "mine.py").write_text(MASK + "\nFACTOR = 2\n")
    fingerprint.__globals__["_meaning"].cache_clear()
    assert fingerprint("masks", plugins_of(config, "masks")) != before


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, r"masks.strategy: there is no file"),
        ("1 / 0", r"masks.strategy: .* cannot be imported: ZeroDivisionError"),
        ("x = 1", r"masks.strategy: .* has no class `Options`"),
    ],
)
def test_a_file_that_is_no_plugin_is_refused_in_one_line(tmp_path, text, words):
    path = tmp_path / "broken.py"
    if text:
        path.write_text(text)
    plugins._imported.cache_clear()
    with pytest.raises(UsageError, match=words):
        check_config({"masks": {"strategy": str(path)}})


def test_an_entry_point_is_a_plugin(monkeypatch):
    point = EntryPoint("theirs", "hdrpipe.masking.quantile", "hdrpipe.masking")
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point] if group == "hdrpipe.masking" else [])
    assert "theirs" in plugins.choices("masking")
    assert check_config({"masks": {"strategy": "theirs"}}).masks.options.coverage_patch == 0.8
    with pytest.raises(UsageError, match=r"allowed: .*theirs"):
        check_config({"masks": {"strategy": "thiers"}})
