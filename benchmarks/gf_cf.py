"""GF-CF on a published data set, written as its authors do: its published figures prove the split and the evaluation.

    python benchmarks/gf_cf.py /path/to/gowalla

Shen et al., "How powerful is graph convolution for recommendation?", CIKM 2021;
on Gowalla recall@20 .1849, ndcg@20 .1518.
"""

import argparse
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import diags_array
from scipy.sparse.linalg import svds

from kg.graph import KnowledgeGraph
from kg.published.forms import read
from kg.query import Query, Weighting
from recsys.benchmark import FIRST, STANDARD
from recsys.evaluation import evaluate
from recsys.exam import Exam
from recsys.threads import limit
from recsys.types import Holdout, Scores

RANK, LOW_PASS = 256, 0.3


class GFCF:
    """scores = X R̃ᵀR̃ + 0.3 X Di^−½ V Vᵀ Di^½, R̃ = Du^−½ X Di^−½, V its first right singular vectors."""

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        X = graph.interactions(Weighting()).astype(np.float64)
        users, items = (np.maximum(X.sum(axis=axis), 1) ** -0.5 for axis in (1, 0))
        self.R_ = (diags_array(users) @ X @ diags_array(items)).tocsr()
        self.V_: NDArray[np.float64] = svds(self.R_, k=RANK, rng=np.random.default_rng(0))[2].T
        self.items_ = items
        return self

    def score(self, query: Query) -> Scores:
        X = query.history(Weighting())
        low = ((X @ diags_array(self.items_)) @ self.V_) @ self.V_.T / self.items_
        return ((X @ self.R_.T @ self.R_).toarray() + LOW_PASS * low).astype(np.float32)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("data", type=Path)
    given = words.parse_args()
    limit(1)
    exam = Exam(read(given.data), seed=0)
    scorer = GFCF().fit(exam.test.graph)
    judged = evaluate({"gf-cf": scorer}, exam.test.holdout, STANDARD.protocol("exclude", 0))
    print(", ".join(f"{metric} {judged.mean('gf-cf', metric):.4f}" for metric in FIRST))


if __name__ == "__main__":
    main()
