"""Masking strategies: which pixels of a pseudo label the student may learn from."""
