"""RecBole's own LightGCN and trainer on files of a split, in its environment: run by `benchmarks/beside_recbole.py`.

Prints a line of JSON after every epoch until the minutes are over.
"""

import functools
import json
import sys
import types
from time import process_time

import torch

sys.modules["ray"] = types.ModuleType("ray")
sys.modules["ray"].tune = None  # imported by name, used for searches alone
torch.load = functools.partial(torch.load, weights_only=False)

from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.utils import get_model, get_trainer, init_seed  # noqa: E402

folder, name, asked, minutes, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
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
    **json.loads(asked),
}
sys.argv = sys.argv[:1]  # RecBole reads it too
config = Config(model="LightGCN", dataset=name, config_dict=settings)
init_seed(config["seed"], config["reproducibility"])
dataset = create_dataset(config)
train, valid, _ = data_preparation(config, dataset)
model = get_model(config["model"])(config, train.dataset)
trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
seconds, epoch = 0.0, 0
while seconds < 60 * float(minutes):
    start = process_time()
    trainer._train_epoch(train, epoch)
    seconds += process_time() - start
    epoch += 1
    judged = trainer.evaluate(valid, load_best_model=False)
    print(json.dumps({"epoch": epoch, "seconds": seconds, "ndcg": float(judged["ndcg@20"])}), flush=True)
