"""Write the JSON schema of the config (with all plug-in options), docs/config.md and docs/products.md of a checkout."""

from pathlib import Path

from hdrpipe.errors import UsageError

ROOT = Path(__file__).parents[2]


def command() -> None:
    if not (ROOT / "docs").is_dir():
        raise UsageError("the package is not that of a checkout", ROOT, "pip install --editable . in a checkout")
    from hdrpipe.files.atomic import write_text
    from hdrpipe.tools.config_page import config_page, schema_text
    from hdrpipe.tools.products_page import products_page

    write_text(ROOT / "workflow" / "schemas" / "config.schema.json", schema_text())
    write_text(ROOT / "docs" / "config.md", config_page())
    write_text(ROOT / "docs" / "products.md", products_page())
