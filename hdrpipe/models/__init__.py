"""Networks that fuse a burst: one backbone a file, with shared output layers and judge."""
