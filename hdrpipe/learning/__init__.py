"""Training and inference of one network: the loop, its batches, losses, averages and saved states."""
