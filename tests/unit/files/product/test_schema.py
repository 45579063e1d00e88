import numpy as np
import pytest

from hdrpipe.files.product.schema import SCHEMAS


def test_every_kind_is_found_by_its_name():
    assert set(SCHEMAS) == {"scenes", "truth", "uncertainty", "masks"}
    assert all(schema.kind == kind for kind, schema in SCHEMAS.items())


def test_every_field_explains_itself_and_has_a_range_that_its_type_holds(kind):
    for name, field in SCHEMAS[kind].fields.items():
        assert name.isidentifier()
        assert field.unit
        assert field.meaning
        for bound in (field.low, field.high):
            assert bound is None or np.dtype(field.dtype).type(bound) == bound


def test_the_first_picture_is_a_field_and_the_view_hides_none(kind):
    schema = SCHEMAS[kind]
    assert not schema.fields[schema.default].optional
    assert schema.view not in schema.fields


def test_no_declared_attribute_shadows_another(kind):
    schema = SCHEMAS[kind]
    assert not set(schema.scene_attributes) & set(schema.fields)
    assert all(a.meaning for a in [*schema.scene_attributes.values(), *schema.root_attributes.values()])


def test_kinds_that_meet_in_training_agree_on_pixels():
    planes = [SCHEMAS["uncertainty"].fields["sigma"], SCHEMAS["masks"].fields["weight"]]
    pictures = [SCHEMAS["truth"].fields["radiance"], SCHEMAS["uncertainty"].fields["pseudo_label"]]
    assert {plane.dims for plane in planes} == {("H", "W")}
    assert {(picture.dims, picture.low) for picture in pictures} == {((3, "H", "W"), 0.0)}


@pytest.mark.parametrize("name", ["ldr", "aligned"])
def test_frames_are_sixteen_bit_in_ascending_exposure(name):
    field = SCHEMAS["scenes"].fields[name]
    assert (field.dtype, field.dims) == ("u2", ("N", 3, "H", "W"))
