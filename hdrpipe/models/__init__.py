"""Networks that fuse a burst: one file is one backbone; the heads and the judge are shared."""
