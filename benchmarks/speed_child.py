"""Fits of published libraries on a matrix of users and items, in their environment: asked by `benchmarks/speed.py`.

Every line that comes in is one fit: the name of the work, what the library's class is given, and where lists of 20
unseen items go. Every line that goes out is processor seconds: of the fit, and of the scores of all users.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender
from irspack.recommenders import P3alphaRecommender, RP3betaRecommender
from scipy.sparse import csr_matrix, load_npz

BLOCK = 1000  # users whose scores are held at once
LENGTH = 20

Scores = Callable[[slice], np.ndarray]


def als(X: csr_matrix, given: dict[str, Any]) -> Scores:
    model = AlternatingLeastSquares(**given, num_threads=1, random_state=0)
    model.fit(X, show_progress=False)
    return lambda users: model.user_factors[users] @ model.item_factors.T


def cosine(X: csr_matrix, given: dict[str, Any]) -> Scores:
    model = CosineRecommender(**given, num_threads=1)
    model.fit(X, show_progress=False)
    return lambda users: (X[users] @ model.similarity).toarray()


def p3_alpha(X: csr_matrix, given: dict[str, Any]) -> Scores:
    model = P3alphaRecommender(X, **given, n_threads=1).learn()
    return lambda users: model.get_score_block(users.start, users.stop)


def rp3_beta(X: csr_matrix, given: dict[str, Any]) -> Scores:
    model = RP3betaRecommender(X, **given, n_threads=1).learn()
    return lambda users: model.get_score_block(users.start, users.stop)


WORKS = {work.__name__: work for work in (als, cosine, p3_alpha, rp3_beta)}

X = csr_matrix(load_npz(sys.argv[1]))
for line in sys.stdin:
    name, given, out = json.loads(line)
    begun = process_time()
    scores = WORKS[name](X, given)
    fitted = process_time()
    lists, scoring = [], 0.0
    for start in range(0, X.shape[0], BLOCK):
        users = slice(start, min(start + BLOCK, X.shape[0]))
        looked = process_time()
        found = scores(users)
        scoring += process_time() - looked
        found[X[users].nonzero()] = -np.inf
        best = np.argpartition(-found, LENGTH, axis=1)[:, :LENGTH]
        order = np.argsort(-np.take_along_axis(found, best, axis=1), axis=1)
        lists.append(np.take_along_axis(best, order, axis=1))
    np.save(Path(out), np.concatenate(lists))
    print(json.dumps([fitted - begun, scoring]), flush=True)
