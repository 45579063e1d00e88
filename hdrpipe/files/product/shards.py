"""The product files of one split or one round, as one."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hdrpipe.errors import InputError
from hdrpipe.files.product.hdf5 import Product, open_product


class Shards:
    """The shards of one split or one round, addressed by scene name.

    A shard is verified when it is first asked for by `of`, so that a job pays for the shards that it reads.
    """

    def __init__(self, paths: Sequence[Path], kind: str, stack: ExitStack):
        self.products = [stack.enter_context(open_product(path, kind, verify=False)) for path in paths]
        self._verified: set[Path] = set()
        self.by_scene = {scene: product for product in self.products for scene in product.scenes}

    @property
    def scenes(self) -> tuple[str, ...]:
        """Names of all scenes, sorted, whatever shard they lie in."""
        return tuple(sorted(self.by_scene))

    @property
    def hashes(self) -> dict[str, str]:
        """File name -> content hash."""
        return {product.path.name: product.content_hash for product in self.products}

    def __contains__(self, scene: object) -> bool:
        """True if any shard holds a scene of this name."""
        return scene in self.by_scene

    def attributes(self, scene: str) -> dict[str, Any]:
        """Values of one scene; of a shard that need not be read otherwise, they are not verified."""
        return self._holder(scene).scene_attributes(scene)

    def of(self, scene: str) -> Product:
        """The shard that holds a scene, verified.

        Raises:
            InputError: none does. DamagedError: it is damaged.
        """
        product = self._holder(scene)
        if product.path not in self._verified:
            product.verify()
            self._verified.add(product.path)
        return product

    def _holder(self, scene: str) -> Product:
        if scene not in self.by_scene:
            names = ", ".join(product.path.name for product in self.products)
            raise InputError(f"scene {scene!r} is missing", names, "make both files in one run")
        return self.by_scene[scene]
