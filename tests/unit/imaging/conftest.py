"""Fixtures of the imaging tests: the builders of `scenes.py`, found from any working directory."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
