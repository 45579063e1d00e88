"""Continue the last run of this folder after a crash: check that it has ended, unlock, run the same command."""

import subprocess
import sys

from hdrpipe.errors import UsageError


def command() -> None:
    from hdrpipe.tools.alive import resume_arguments
    from hdrpipe.tools.project import environment, snakemake_command

    unlock, run = (snakemake_command(arguments) for arguments in resume_arguments())
    variables = environment()
    unlocked = subprocess.run(unlock, capture_output=True, text=True, env=variables)
    if unlocked.returncode:
        reason = next((line for line in reversed(unlocked.stderr.splitlines()) if line.strip()), "no reason given")
        raise UsageError(
            f"Snakemake refuses the command of the last run: {reason}", hint="correct it and run it yourself"
        )
    sys.exit(subprocess.run(run, env=variables).returncode)
