"""
RecBole's own SASRec on its own copy of MovieLens-100K, with the settings named below and its defaults for the rest.
Prints one line of JSON after each validation; RecBole's log goes to stderr. Arguments: threads, epochs at most.
"""
import json
import sys
import time
import types

# RecBole imports ray for its search over hyperparameters, which is not run here.
ray = types.ModuleType("ray")
ray.tune = types.ModuleType("ray.tune")
sys.modules.update({"ray": ray, "ray.tune": ray.tune})

import torch  # noqa: E402
from recbole.config import Config  # noqa: E402
from recbole.data import create_dataset, data_preparation  # noqa: E402
from recbole.model.sequential_recommender import SASRec  # noqa: E402
from recbole.trainer import Trainer  # noqa: E402
from recbole.utils import init_logger, init_seed  # noqa: E402

threads, epochs = int(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(threads)
config = Config(
    model="SASRec",
    dataset="ml-100k",
    config_dict={
        "eval_args": {"split": {"LS": "valid_and_test"}, "order": "TO", "group_by": "user", "mode": "full"},
        "MAX_ITEM_LIST_LENGTH": 50,
        "loss_type": "CE",
        "train_neg_sample_args": None,
        "seed": 2020,
        "use_gpu": False,
        "epochs": epochs,
        "topk": [10],
        "metrics": ["NDCG", "Hit", "MRR"],
        "valid_metric": "NDCG@10",
        "show_progress": False,
    },
)
init_seed(config["seed"], config["reproducibility"])
init_logger(config)
dataset = create_dataset(config)
train, valid, _ = data_preparation(config, dataset)
init_seed(config["seed"] + config["local_rank"], config["reproducibility"])
trainer = Trainer(config, SASRec(config, train.dataset).to(config["device"]))

started = time.perf_counter()
validate = trainer._valid_epoch


def told(*args, **kwargs):
    score, result = validate(*args, **kwargs)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "ndcg": float(score)}), flush=True)
    return score, result


trainer._valid_epoch = told
trainer.fit(train, valid, saved=False, show_progress=False)
