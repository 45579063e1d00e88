"""Products: the HDF5 files of a run, with schema, checksums and attributes for viewers."""
