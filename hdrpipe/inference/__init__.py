"""From a stored network and a burst to radiance and sigma: loading, tiles, test-time augmentation, memory."""
