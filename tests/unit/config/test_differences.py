from hdrpipe.config.differences import differences, flattened, merged


def test_flat_keys_are_dotted_paths():
    assert flattened({"a": {"b": 1, "c": {"d": [2]}}, "e": {}}) == {"a.b": 1, "a.c.d": [2], "e": {}}


def test_differences_name_both_sides():
    told = differences({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4})
    assert told == [("a.c", 2, 3), ("d", None, 4)]
    assert differences({"a": 1}, {"a": 1}) == []


def test_slices_of_one_config_make_it_whole():
    assert merged([{"a": {"b": 1}}, {"a": {"c": 2}, "d": 3}]) == {"a": {"b": 1, "c": 2}, "d": 3}
