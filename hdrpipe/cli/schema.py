"""Write the JSON schema of the config, options of all plug-ins included, docs/config.md and docs/products.md."""

from hdrpipe.config.load import SCHEMA_FILE


def command() -> None:
    from hdrpipe.files.atomic import write_text
    from hdrpipe.tools.config_page import config_page, schema_text
    from hdrpipe.tools.products_page import products_page

    write_text(SCHEMA_FILE, schema_text())
    write_text(SCHEMA_FILE.parents[1] / "docs" / "config.md", config_page())
    write_text(SCHEMA_FILE.parents[1] / "docs" / "products.md", products_page())
