"""The main job's scenes: `panorama`, its labels from a quiet camera in a lab, all other scenes from a noisier one."""

from hdrpipe.config.dataset_options import LabAndFieldOptions as Options
from hdrpipe.datasets.panorama import listing, sources

__all__ = ["Options", "listing", "sources"]
