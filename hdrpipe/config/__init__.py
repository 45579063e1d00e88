"""Settings: read, checked, cut into slices for the stages, and hashed. Loads neither torch nor h5py."""
