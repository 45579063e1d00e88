"""Go on with the last run of this folder after a crash: prove that nothing is alive, unlock, run the same command."""

import subprocess
import sys


def command() -> None:
    from hdrpipe.tools.alive import resume_commands

    unlock, run = resume_commands()
    subprocess.run(unlock, check=True, stdout=sys.stderr)
    sys.exit(subprocess.run(run).returncode)
