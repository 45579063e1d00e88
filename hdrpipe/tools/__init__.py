"""Commands that are not workflow stages: check, fuse, inspect, compare, preview, verify, status, resume, export, ..."""
