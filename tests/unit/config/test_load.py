"""The config: what is refused, in which words, and what each stage gets."""

import json
from pathlib import Path

import pytest

from hdrpipe.config.load import STAGE_KEYS, check_config, parse_spec, read_config, read_yaml, stage_spec
from hdrpipe.config.runs import overlaid
from hdrpipe.errors import UsageError


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"round": 3}, ["round", "did you mean 'rounds'", "allowed", "seed"]),
        ({"student": {"stesp": 3}}, ["student.stesp", "did you mean 'steps'"]),
        ({"rounds": 0}, ["rounds", "greater than or equal to 1", "0"]),
        ({"student": {"lr": -1}}, ["student.lr", "greater than 0"]),
        ({"student": {"init": "continu"}}, ["student.init", "'warmup'", "did you mean 'continue'"]),
        ({"data": {"dataset": "panoramas"}}, ["data.dataset", "did you mean 'panorama'", "procedural"]),
        ({"data": {"options": {"sise": 64}}}, ["data.options.sise", "did you mean 'size'", "pool"]),
        ({"data": {"options": {"size": 8}}}, ["data.options.size", "greater than or equal to 32", "8"]),
        ({"masks": {"options": {"tau_patch": 2.0}}}, ["masks.options.tau_patch", "less than or equal to 1"]),
        ({"masks": {"options": {"tau_path": 0.3}}}, ["masks.options.tau_path", "did you mean 'tau_patch'"]),
        ({"model": {"options": {"channels": "many"}}}, ["model.options.channels", "integer"]),
        ({"run": "../elsewhere"}, ["run"]),
        ({"crossfit": {"folds": 1}}, ["crossfit.folds", "2 up to"]),
        ({"loss": {"judge_folds": 6}}, ["loss.judge_folds", "at least 6 labelled scenes; there are 5"]),
        ({"crossfit": {"folds": 6}}, ["crossfit.folds", "at least 6 labelled scenes; there are 5"]),
        (
            {"crossfit": {"folds": 3}, "data": {"labelled": ["a", "b"]}},
            ["crossfit.folds", "at least 3 labelled scenes; there are 2"],
        ),
        ({"choose": {"rule": "selective-risk"}}, ["choose.rule", "set `crossfit.folds`"]),
        (
            {"choose": {"rule": "selective-risk"}, "crossfit": {"folds": 2}, "student": {"unlabelled_batch": 0}},
            ["choose.rule", "set `student.unlabelled_batch`"],
        ),
        ({"data": 3}, ["data: ", "mapping of keys", "3"]),
        ({"data": None}, ["data: ", "mapping of keys", "None"]),
        ({"data": {"labelled": "al"}}, ["data.labelled: ", "integer", "'all'", "did you mean 'all'"]),
        ({"data": {"labelled": 0}}, ["data.labelled: ", "greater than or equal to 1", "'all'"]),
        ({"data": {"labelled": 49}}, ["data.labelled: ", "49", "48", "data.options.pool"]),
        ({"data": {"labelled": 9, "options": {"source": 8}}}, ["data.labelled: ", "9", "8", "data.options.source"]),
        ({"data": {"labelled": True}}, ["data.labelled: ", "integer"]),
        ({"data": {"labelled": ["pool-001", 3]}}, ["data.labelled: ", "string", "3", "in quotes"]),
        ({"run": 1}, ["run: ", "not 1", "in quotes"]),
        ({"study": {"arms": {True: {}}}}, ["study.arms: ", "in quotes"]),
        ({"data": {"dataset": "folder", "options": {"test": [7]}}}, ["data.options.test.0: ", "in quotes"]),
        ({"data": {"options": {"ev": [2, 0, -2]}}}, ["data.options.ev: ", "ascend", "[2, 0, -2]"]),
        ({"data": {"options": {"ev": [-2, 0, 0]}}}, ["data.options.ev: ", "ascend"]),
        ({"data": {"options": {"ev": [0]}}}, ["data.options.ev: ", "at least 2 items", "[0]"]),
        ({"data": {"options": {"ev": ["a", 0, 2]}}}, ["data.options.ev.0: ", "'a'", "number"]),
        ({"data": {"options": {"ev": [-2, 0, 40]}}}, ["data.options.ev.2: ", "40", "less than or equal to 12"]),
        ({"data": {"options": {"source_motion": "tripot"}}}, ["did you mean 'tripod'", "handheld"]),
        (
            {"data": {"options": {"source_motion": "photographed"}}},
            ["data.options.source_motion", "tripod", "large-motion"],
        ),
        ({"masks": {"options": {"patch_scope": "datset"}}}, ["did you mean 'dataset'", "image", "crop"]),
        ({"model": {"backbone": "hdr_transformer", "options": {"channels": 61}}}, ["channels", "61", "heads", "6"]),
        (
            {"model": {"backbone": "hdr_transformer", "options": {"heads": 0}}},
            ["model.options.heads", "equal to 1"],
        ),
    ],
    ids=str,
)
def test_bad_keys_are_told_in_one_line(mapping, words):
    with pytest.raises(UsageError) as caught:
        check_config(mapping)
    message = str(caught.value)
    assert caught.value.code == 2
    assert "\n" not in message
    for word in words:
        assert word in message


@pytest.mark.parametrize("text", ["- a\n- b\n", "rounds: [", "\x00"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"c\.yaml"):
        read_config(path)


def test_plugin_options_are_filled():
    config = check_config({"masks": {"options": {"tau_pixel": 0.2}}})
    assert config.masks.options.tau_pixel == 0.2
    assert config.masks.options.tau_patch == 0.4


@pytest.mark.parametrize("stage", STAGE_KEYS)
def test_a_stage_gets_its_keys_and_no_others(stage):
    config = check_config({"run": "x", "seed": 7, "student": {"lr": 0.5}})
    spec = parse_spec(stage, stage_spec(config, stage))
    for section in config.model_dump():
        if section in {key.split(".")[0] for key in STAGE_KEYS[stage]}:
            assert hasattr(spec, section)
        else:
            with pytest.raises(AttributeError):
                getattr(spec, section)


def test_the_spec_is_canonical():
    text = stage_spec(check_config({}), "student")
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))


@pytest.mark.parametrize("text", ["{", '{"rounds": 2}', '{"masks": {"level": "all"}}'])
def test_a_bad_spec_is_refused(text):
    with pytest.raises(UsageError):
        parse_spec("masks", text)


def test_the_main_job_is_the_defaults_and_what_shows_the_use_of_unlabelled_bursts():
    shown = {"data": {"dataset": "lab_and_field"}, "match": {"strategy": "noise"}}
    arms = ["labels-alone", "matched", "all-labels"]
    assert read_config(Path(__file__).parents[3] / "config.yaml") == check_config({**shown, "compare": arms})


def test_one_camera_is_the_defaults():
    root = Path(__file__).parents[3]
    main, one = (read_yaml(path) for path in (root / "config.yaml", root / "configs" / "one-camera.yaml"))
    assert check_config(overlaid(main, one)) == check_config({"run": "one-camera"})


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"masks": {"options": {"tau_pixel": "0.3"}}}, {"masks": {"options": {"tau_pixel": 0.3}}}),
        ({"data": {"labelled": "3"}}, {"data": {"labelled": 3}}),
        ({"data": {"options": {"ev": ["-2", "0", "2"]}}}, {"data": {"options": {"ev": [-2, 0, 2]}}}),
        ({"data": {"options": {"source_motion": "null"}}}, {"data": {"options": {"source_motion": None}}}),
        (
            {"loss": {"vgg_weights": "null", "judge_weight": "0.5"}},
            {"loss": {"vgg_weights": None, "judge_weight": 0.5}},
        ),
        ({"data": {"labelled": ["001", "2"]}}, {"data": {"labelled": ["001", "2"]}}),
        ({"study": {"regimes": {"noise": "null"}}}, {"study": {"regimes": {"noise": None}}}),
    ],
    ids=str,
)
def test_values_that_the_command_line_hands_on_as_strings_are_what_they_mean(given, meant):
    assert check_config(given) == check_config(meant)


@pytest.mark.parametrize(
    ("student", "most"),
    [
        ({"crop": 128}, 96),
        ({"unlabelled_augmentation": "rerendered"}, 48),
        ({"labelled_augmentation": "rerendered"}, 48),
    ],
)
def test_a_crop_that_no_rendered_scene_holds_is_refused_before_any_job(student, most):
    data = {"dataset": "panorama", "options": {"size": 96}}
    with pytest.raises(UsageError, match=rf"student\.crop: crops of 128 pixels are larger .* set at most {most}"):
        check_config({"data": data, "student": student})


def test_scenes_must_hold_re_rendered_crops_at_twice_their_size():
    assert check_config({"student": {"unlabelled_augmentation": "rerendered"}}).crops == (64, 128)
    assert check_config({"student": {"labelled_augmentation": "rerendered"}}).crops == (128, 64)
