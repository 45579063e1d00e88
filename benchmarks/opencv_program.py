"""A burst merged as OpenCV's tutorial on HDR imaging does it: align by median thresholds, calibrate, merge (Debevec).

python benchmarks/opencv_program.py OUT.hdr EV,EV,... PICTURE ...
"""

import sys
from pathlib import Path

import cv2
import numpy as np


def main() -> None:
    target, told, *files = sys.argv[1:]
    times = np.exp2(np.array([float(value) for value in told.split(",")], np.float32))
    frames = [np.asarray(cv2.imread(path)) for path in files]
    cv2.createAlignMTB().process(frames, frames)
    response = cv2.createCalibrateDebevec().process(frames, times)
    merged = cv2.createMergeDebevec().process(frames, times, response)
    cv2.imwrite(str(Path(target).with_suffix(".hdr")), merged)


if __name__ == "__main__":
    main()
