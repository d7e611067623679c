"""RecBole's own models and trainer on files of a split, in its environment: asked by the scripts `beside_recbole*.py`.

`train` prints a line of JSON after every epoch of LightGCN until the minutes are over. `evaluate` prints one for every
line that comes in: the processor seconds of a full evaluation of factors that are given, and its figures.
"""

import functools
import json
import sys
import types
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch

sys.modules["ray"] = types.ModuleType("ray")
sys.modules["ray"].tune = None  # imported by name, used for searches alone
torch.load = functools.partial(torch.load, weights_only=False)

from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.utils import get_model, get_trainer, init_seed  # noqa: E402


def prepared(folder: str, name: str, kind: str, asked: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    """A trainer with its model, and the parts of the split: to train on, to validate."""
    settings = {
        "data_path": folder,
        "benchmark_filename": ["train", "valid", "test"],
        "load_col": {"inter": ["user_id", "item_id"]},
        "metrics": ["NDCG"],
        "topk": [20],
        "valid_metric": "NDCG@20",
        "eval_args": {"mode": "full", "order": "RO", "group_by": "user", "split": {"RS": [8, 1, 1]}},
        "eval_batch_size": 1 << 22,
        "show_progress": False,
        "state": "ERROR",
        "use_gpu": False,
        "checkpoint_dir": folder,
        **asked,
    }
    config = Config(model=kind, dataset=name, config_dict=settings)
    init_seed(config["seed"], config["reproducibility"])
    train, valid, _ = data_preparation(config, create_dataset(config))
    model = get_model(config["model"])(config, train.dataset)
    return get_trainer(config["MODEL_TYPE"], config["model"])(config, model), model, train, valid


def trained(folder: str, name: str, asked: dict[str, Any], minutes: float) -> None:
    trainer, _, train, valid = prepared(folder, name, "LightGCN", asked)
    seconds, epoch = 0.0, 0
    while seconds < 60 * minutes:
        start = process_time()
        trainer._train_epoch(train, epoch)
        seconds += process_time() - start
        epoch += 1
        judged = trainer.evaluate(valid, load_best_model=False)
        print(json.dumps({"epoch": epoch, "seconds": seconds, "ndcg": float(judged["ndcg@20"])}), flush=True)


def evaluated(folder: str, name: str, asked: dict[str, Any]) -> None:
    factors = np.load(Path(folder) / "factors.npz")
    trainer, model, train, valid = prepared(folder, name, "BPR", asked)
    sides = {"user_id": ("users", model.user_embedding), "item_id": ("items", model.item_embedding)}
    for column, (side, embedding) in sides.items():
        tokens = train.dataset.field2id_token[column][1:].astype(np.int64)  # the first one pads
        embedding.weight.data[1:] = torch.from_numpy(factors[side][tokens])
    for _line in sys.stdin:
        start = process_time()
        judged = trainer.evaluate(valid, load_best_model=False)
        print(json.dumps([process_time() - start, dict(judged)]), flush=True)


if __name__ == "__main__":
    work, folder, name, asked, threads, *minutes = sys.argv[1:]
    sys.argv = sys.argv[:1]  # RecBole reads it too
    torch.set_num_threads(int(threads))
    if work == "train":
        trained(folder, name, json.loads(asked), float(*minutes))
    else:
        evaluated(folder, name, json.loads(asked))
