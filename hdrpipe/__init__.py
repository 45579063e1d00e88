"""Annotation-efficient HDR reconstruction: a few labelled bursts, many unlabelled ones."""

__version__ = "0.1.0"
