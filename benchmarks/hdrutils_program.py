"""A burst of RAW pictures merged by HDRutils as its README does it, with further options of its `merge`.

PYTHON benchmarks/hdrutils_program.py OUT.exr '{"do_align": true}' PICTURE ...

PYTHON has HDRutils and, for `do_align`, opencv-python-headless, which HDRutils does not name. `"cam": [SHOT, READ]`
becomes a camera whose noise variance is `SHOT x + READ`, x in [0, 1].
"""

import json
import sys

import HDRutils
import numpy as np


def main() -> None:
    target, options, *files = sys.argv[1:]
    options = json.loads(options)
    if "cam" in options:
        options["cam"] = _camera(*options["cam"])
    HDRutils.imwrite(target, HDRutils.merge(files, **options)[0])


def _camera(shot: float, read: float) -> HDRutils.NormalNoise:
    camera = HDRutils.NormalNoise(bits=14)
    camera.a, camera.b = np.full(3, shot), np.full(3, read)
    return camera


if __name__ == "__main__":
    main()
