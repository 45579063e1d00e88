"""Go on with the last run of this folder after a crash: prove that nothing is alive, unlock, run the same command."""

import subprocess
import sys

from hdrpipe.errors import UsageError


def command() -> None:
    from hdrpipe.tools.alive import resume_commands

    unlock, run = resume_commands()
    unlocked = subprocess.run(unlock, capture_output=True, text=True)
    if unlocked.returncode:
        reason = next((line for line in reversed(unlocked.stderr.splitlines()) if line.strip()), "no reason given")
        raise UsageError(f"Snakemake refuses the command of the last run: {reason}", hint="mend it, then run it anew")
    sys.exit(subprocess.run(run).returncode)
