"""`python -m hdrpipe`: the command line, also for `torchrun -m hdrpipe`."""

from hdrpipe.cli import main

main()
