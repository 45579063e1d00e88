"""docs/products.md is what the schemas say."""

from pathlib import Path

from hdrpipe.files.product.schema import SCHEMAS
from hdrpipe.tools.products_page import products_page

PAGE = Path(__file__).parents[3] / "docs" / "products.md"


def test_the_committed_page_is_the_generated_one():
    assert PAGE.read_text(encoding="utf-8") == products_page(), "run `hdrpipe schema`"


def test_it_names_every_kind_field_and_attribute():
    page = products_page()
    for schema in SCHEMAS.values():
        section = page.split(f"\n## `{schema.kind}`")[1].split("\n## ")[0]
        for name in [*schema.fields, *schema.scene_attributes, *schema.root_attributes]:
            assert f"| `{name}` |" in section
        for field in schema.fields.values():
            assert field.meaning in section
