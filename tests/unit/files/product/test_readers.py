"""Products in readers that know nothing of hdrpipe: every field of every kind, with its values and axes.

The JavaScript ones are installed by `npm install --prefix tests/readers --no-package-lock`, h5dump with hdf5-tools.
"""

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import golden_products as golden
import numpy as np
import pytest

from hdrpipe.files.product.schema import SCHEMAS

ROOT = Path(__file__).parents[4]
READERS = ROOT / "tests" / "readers"

VALUES = (
    "print(json.dumps({name: [list(array.shape), float(array.sum(dtype='f8'))] for name, array in arrays.items()}))"
)
PYTHON = {
    "netCDF4": "group = netCDF4.Dataset(path)['a']\n"
    "arrays = {name: item[...] for name, item in group.variables.items()}\n",
    "pyfive": "group = pyfive.File(path)['a']\n"
    "arrays = {name: group[name][...] for name in group if isinstance(group[name], pyfive.Dataset)}\n",
    "xarray": "arrays = dict(xarray.open_datatree(path, engine='h5netcdf')['a'].load().variables)\n",
}
AXES = {"N": "exposure", 3: "channel", "H": "y", "W": "x", "h": "patch_y", "w": "patch_x"}


@pytest.fixture(params=sorted(SCHEMAS))
def product(request, tmp_path):
    """Kind and path of a product."""
    golden.write(request.param, tmp_path / "product.h5")
    return request.param, tmp_path / "product.h5"


def python(module, code, path):
    """What `code` prints as JSON, in a process of its own: it may have another HDF5 library than h5py."""
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    command = [sys.executable, "-c", f"import json, sys, {module}\npath = sys.argv[1]\n{code}", path]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def node(package, path):
    if shutil.which("node") is None:
        pytest.skip("node is not installed")
    if not (READERS / "node_modules" / package).is_dir():
        pytest.skip(f"{package} is not installed: npm install --prefix tests/readers --no-package-lock")
    command = ["node", READERS / f"{package}.mjs", path]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


def assert_whole(kind, read):
    """Every field is there; sums are exact, because values are multiples of 1/128."""
    for name, expected in golden.fields(kind).items():
        assert read[name] == [list(expected.shape), float(expected.sum())], name


@pytest.mark.parametrize("module", PYTHON)
def test_python_libraries_read_every_field(product, module):
    kind, path = product
    assert_whole(kind, python(module, PYTHON[module] + VALUES, path))


@pytest.mark.parametrize("package", ["h5wasm", "jsfive"])
def test_javascript_libraries_read_every_field(product, package):
    kind, path = product
    assert_whole(kind, node(package, path))


@pytest.mark.parametrize("engine", ["netCDF4", "h5netcdf"])
def test_xarray_names_the_axes(product, engine):
    kind, path = product
    for module in (engine, "xarray"):
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed")
    code = f"scene = xarray.open_datatree(path, engine={engine.lower()!r})['a'].to_dataset()\n"
    code += "dims = {name: list(array.dims) for name, array in scene.variables.items()}\n"
    code += "print(json.dumps([dims, {name: scene[name].values.tolist() for name in scene.dims}]))"
    dims, coordinates = python("xarray", code, path)
    for name in golden.fields(kind):
        field = SCHEMAS[kind].fields[name]
        assert dims[name] == [AXES[dim] for dim in field.dims]
    sizes = {axis: n for name, a in golden.fields(kind).items() for axis, n in zip(dims[name], a.shape, strict=True)}
    assert coordinates == {axis: list(range(size)) for axis, size in sizes.items()}


def test_h5dump_writes_the_values(product, tmp_path):
    if shutil.which("h5dump") is None:
        pytest.skip("h5dump is not installed: apt-get install hdf5-tools")
    kind, path = product
    for name, expected in golden.fields(kind).items():
        raw = tmp_path / "raw"
        command = ["h5dump", "-d", f"/a/{name}", "-b", "LE", "-o", raw, path]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        array = np.fromfile(raw, np.dtype(SCHEMAS[kind].fields[name].dtype).newbyteorder("<"))
        np.testing.assert_array_equal(array, expected.ravel())


def test_the_reader_in_the_docs_needs_no_hdrpipe(product):
    kind, path = product
    page = (ROOT / "docs" / "products.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(code.splitlines()) <= 10
    assert "hdrpipe." not in code
    assert "import hdrpipe" not in code
    namespace = {}
    exec(code, namespace)
    arrays, attributes = namespace["read"](path)["a"]
    for name, expected in golden.fields(kind).items():
        np.testing.assert_array_equal(arrays[name], expected)
    assert set(golden.SCENE.get(kind, {})) <= set(attributes)
