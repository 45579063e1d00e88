"""Bytes on disk: whole or absent, checksummed, described, and bounded when they come from outside."""
