"""Write the JSON schema of the config, options of all plug-ins included, and docs/config.md."""

from hdrpipe.config import SCHEMA_FILE


def command() -> None:
    from hdrpipe.files.atomic import write_text
    from hdrpipe.tools.schema import config_page, schema_text

    write_text(SCHEMA_FILE, schema_text())
    write_text(SCHEMA_FILE.parents[1] / "docs" / "config.md", config_page())
