"""Sources of bursts: every file here with a class `Options` is a choice of the config."""
