"""Build step: a wheel holds the workflow beside the package as `hdrpipe/project/` (see hdrpipe/tools/project.py)."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FILES = ("Snakefile", "config.yaml", "CITATION.cff", "LICENSE")
FOLDERS = ("workflow", "profiles", "configs")


class BuildWithWorkflow(build_py):
    """Copy the package, then the workflow; an editable install reads the workflow from the checkout."""

    def run(self) -> None:
        """Build into `build_lib`."""
        super().run()
        if self.editable_mode:
            return
        project = Path(self.build_lib, "hdrpipe", "project")
        project.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copy2(name, project / name)
        for name in FOLDERS:
            shutil.copytree(name, project / name, dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithWorkflow})
