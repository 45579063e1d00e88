"""Pictures as numbers: the burst, the camera, tone mapping, alignment, merging and quality measures (NumPy only)."""
