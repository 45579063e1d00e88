"""Training of one network: loop, batches, losses, moving average and saved states."""
