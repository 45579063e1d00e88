"""Where bursts come from: every file here with a class `Options` is a choice of the config."""
