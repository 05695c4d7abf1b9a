"""The dense side: a FAISS index of unit vectors under ids of ours. Exact while that is fast, approximate beyond."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from retrieval.encoder import Vectors

Ids = npt.NDArray[np.int64]

#: Up to here the index compares with every vector: 50,000 of 384 dimensions take about 1.5 ms on one core.
EXACT_UP_TO = 50_000

#: A byte a dimension: a quarter of the memory and five times the speed of floats, and cosines right to 0.002.
_BYTES = faiss.ScalarQuantizer.QT_8bit_direct_signed
_MOST = 127

#: The largest component of a unit vector that a byte holds, in units of the mean one: larger ones are cut off.
_LARGEST = 8.0

#: What an approximate index must find of the exact ten nearest, measured on its own vectors when it is built.
MIN_RECALL = 0.98

_MEASURED = 200


class VectorIndex:
    """Nearest neighbours by inner product. Vectors come and go without a rebuild; a higher score is always nearer."""

    def __init__(self, index: faiss.Index, recall: float = 1.0) -> None:
        """Wrap a FAISS index that carries ids; use `build` or `read`."""
        self._index = index
        self._scale = _scale(index.d)
        #: Share of the exact ten nearest that a search finds, as measured at the last build.
        self.recall = recall

    @classmethod
    def build(cls, ids: Ids, vectors: Vectors) -> VectorIndex:
        """Index ``vectors`` (n, dimensions) under ``ids`` (n,)."""
        dimensions = vectors.shape[1]
        codes = _rounded(vectors * _scale(dimensions))
        if len(ids) <= EXACT_UP_TO:
            flat = faiss.IndexIDMap2(faiss.IndexScalarQuantizer(dimensions, _BYTES, faiss.METRIC_INNER_PRODUCT))
            flat.add_with_ids(codes, ids)
            return cls(flat)
        cells = int(4 * math.sqrt(len(ids)))  # the rule of thumb of the FAISS wiki, "Guidelines to choose an index"
        ivf = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(dimensions), dimensions, cells, _BYTES, faiss.METRIC_INNER_PRODUCT, False
        )
        ivf.set_direct_map_type(faiss.DirectMap.Hashtable)
        ivf.train(codes[np.random.default_rng(0).choice(len(ids), min(len(ids), 40 * cells), replace=False)])
        ivf.add_with_ids(codes, ids)
        return cls(ivf, _widen_until_good(ivf, ids, codes))

    @classmethod
    def read(cls, path: Path, recall: float) -> VectorIndex:
        """Load what `write` wrote."""
        return cls(faiss.read_index(str(path)), recall)

    def write(self, path: Path) -> None:
        """Save to ``path``."""
        faiss.write_index(self._index, str(path))

    def __len__(self) -> int:
        """Return how many vectors there are."""
        return int(self._index.ntotal)

    @property
    def exact(self) -> bool:
        """Whether a search compares with every vector."""
        return isinstance(self._index, faiss.IndexIDMap2)

    def changed(self, *, remove: Ids, add: Ids, vectors: Vectors) -> VectorIndex:
        """Return a copy without ``remove`` and with ``vectors`` under ``add``; searches in this one are not disturbed.

        An exact index that outgrows `EXACT_UP_TO` is built anew as an approximate one, and the other way round.
        """
        copy = faiss.clone_index(self._index)
        if len(remove):
            copy.remove_ids(remove)
        if len(add):
            copy.add_with_ids(_rounded(vectors * self._scale), add)
        if (copy.ntotal <= EXACT_UP_TO) != self.exact:
            ids = np.concatenate([np.setdiff1d(self.ids(), remove), add])
            return VectorIndex.build(ids, copy.reconstruct_batch(ids) / self._scale)
        return VectorIndex(copy, self.recall)

    def ids(self) -> Ids:
        """Return all ids, in no order that means anything."""
        if self.exact:
            ids: Ids = faiss.vector_to_array(self._index.id_map).copy()
            return ids
        lists = self._index.invlists
        cells = [cell for cell in range(lists.nlist) if lists.list_size(cell)]
        return np.concatenate([faiss.rev_swig_ptr(lists.get_ids(c), lists.list_size(c)).copy() for c in cells])

    def search(self, queries: Vectors, k: int) -> list[Ids]:
        """Return the ids of the ``k`` nearest of each query, nearest first; fewer where there are fewer."""
        if not len(self):
            return [np.empty(0, np.int64) for _ in queries]
        # OpenMP's idle threads spin: with a second one a single query takes several times as long on a busy machine.
        faiss.omp_set_num_threads(1)
        # FAISS cuts the fractions off a query too; each may be stretched by itself, for only its order counts.
        codes = _rounded(queries * (_MOST / np.maximum(np.abs(queries).max(axis=1, keepdims=True), 1e-6)))
        _, ids = self._index.search(codes, min(k, len(self)))
        return [row[row >= 0] for row in ids]

    def vectors(self, ids: Ids) -> Vectors:
        """Return the vectors stored under ``ids``, shape (len(ids), dimensions)."""
        if not self.exact:
            found: Vectors = self._index.reconstruct_batch(ids)
            return found / np.float32(self._scale)
        known, places, codes = self._codes
        stored = codes[places[np.searchsorted(known, ids)]].astype(np.float32)
        return (stored - np.float32(128)) / np.float32(self._scale)

    @cached_property
    def _codes(self) -> tuple[Ids, npt.NDArray[np.intp], npt.NDArray[np.uint8]]:
        """Return the ids in order, the place of each, and what stands there.

        The last is a view of the memory of FAISS, in which nothing is ever changed: ten times as fast as to ask for it.
        """
        stored = faiss.downcast_index(self._index.index)
        view = faiss.rev_swig_ptr(stored.codes.data(), stored.codes.size())
        ids = self.ids()
        places = np.argsort(ids)
        return ids[places], places, view.reshape(len(self), stored.d)


def _scale(dimensions: int) -> float:
    """Return what unit vectors are multiplied with before they are rounded: the same for all."""
    return _MOST / min(_LARGEST / math.sqrt(dimensions), 1.0)


def _rounded(stretched: Vectors) -> Vectors:
    """Return whole numbers that fit into a byte, still as floats, as FAISS takes them."""
    return np.clip(np.rint(stretched), -_MOST, _MOST)


def _widen_until_good(ivf: faiss.IndexIVFScalarQuantizer, ids: Ids, vectors: Vectors) -> float:
    """Raise the number of cells searched until `MIN_RECALL` is met; return the recall measured."""
    rows = np.random.default_rng(1).choice(len(ids), _MEASURED, replace=False)
    exact = faiss.IndexFlatIP(vectors.shape[1])
    exact.add(vectors)
    wanted = ids[exact.search(vectors[rows], 10)[1]]
    ivf.nprobe = 8
    while True:
        found = ivf.search(vectors[rows], 10)[1]
        recall = float(np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(wanted, found, strict=True)]))
        if recall >= MIN_RECALL or ivf.nprobe >= ivf.nlist:
            return recall
        ivf.nprobe = min(ivf.nprobe * 2, ivf.nlist)
