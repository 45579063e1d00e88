"""Stages of the workflow: one file and one function for each, from files to files."""
