"""Customers' vectors by cornac's TIFU-KNN, in its environment: run by `benchmarks/next_basket.py`."""

import json
import sys
from pathlib import Path

import numpy as np
from cornac.models import TIFUKNN

asked, answer = map(Path, sys.argv[1:])
told = json.loads(asked.read_text())


class Sized(TIFUKNN):
    total_items = told["n_items"]  # its `fit` would set it


model = Sized(**told["given"])
vectors = [model._compute_user_vector(baskets).astype(np.float32) for baskets in told["baskets"]]
np.save(answer, np.stack(vectors))
