"""Measures: quality of pictures, of sigma and of masks, and the statistics of comparisons."""
