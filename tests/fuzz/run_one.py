"""The process of `run` for one reader: `python -m fuzz.run_one READER ARGUMENTS_OF_LIBFUZZER`."""

import logging
import sys
import warnings

import atheris
import torch  # noqa: F401  # before the instrumentation, which would take minutes for it

INSTRUMENTED = ["hdrpipe", "exifread", "yaml", "tifffile", "PIL", "csv", "json"]
"""The package, and parsers written in Python."""


def main() -> None:
    with atheris.instrument_imports(include=INSTRUMENTED):
        from fuzz.readers import READERS, read

    logging.disable()
    warnings.simplefilter("ignore")
    name = sys.argv.pop(1)
    assert name in READERS
    atheris.Setup(sys.argv, lambda data: read(name, data) and None)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
