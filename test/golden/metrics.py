"""The metrics by two peers on 60 rankings of 40 items without ties; three targets are in no ranking (cold).

    pip install ranx==0.3.21 RecTools==0.19.0
    python test/golden/metrics.py > test/golden/metrics.json

Scores, targets and training counts are formulas, so that both sides build the same without a file.
NDCG's normalisation: ranx and SessionLab divide by the DCG that the case can reach (one target: 1), which RecTools calls
divide_by_achievable=True; its default divides by the DCG of K relevant items and stands beside as "NDCG of K".
"""
import json
import pandas as pd
from ranx import Qrels, Run, evaluate
from rectools.metrics import MRR, NDCG, AvgRecPopularity, CatalogCoverage, HitRate, Recall, calc_metrics

B, V, KS = 60, 40, [1, 5, 10, 20]
scores = [[((b * 37 + j * 53 + 11) % 97) / 97 for j in range(V)] for b in range(B)]
targets = [V + 1 if b % 20 == 7 else scores[b].index(max(scores[b])) if b % 9 == 0 else (b * b * 3 + b + 1) % V for b in range(B)]
counts = [1 + (j * j * 7) % 23 for j in range(V)]

qrels = Qrels({f"c{b}": {f"i{targets[b]}": 1} for b in range(B)})
run = Run({f"c{b}": {f"i{j}": scores[b][j] for j in range(V)} for b in range(B)})
names = {"HR": "hit_rate", "MRR": "mrr", "NDCG": "ndcg"}
ranx = {f"{ours}@{k}": float(evaluate(qrels, run, f"{theirs}@{k}")) for ours, theirs in names.items() for k in KS}

rows = [(b, j, rank + 1) for b in range(B) for rank, j in enumerate(sorted(range(V), key=lambda j: -scores[b][j])[:max(KS)])]
reco = pd.DataFrame(rows, columns=["user_id", "item_id", "rank"])
interactions = pd.DataFrame({"user_id": range(B), "item_id": targets})
train = pd.DataFrame([(1000 + n, j) for j in range(V) for n in range(counts[j])], columns=["user_id", "item_id"])
metrics = {}
for k in KS:
    metrics |= {
        f"HR@{k}": HitRate(k), f"Recall@{k}": Recall(k), f"MRR@{k}": MRR(k), f"NDCG@{k}": NDCG(k, divide_by_achievable=True),
        f"NDCG of K@{k}": NDCG(k), f"Coverage@{k}": CatalogCoverage(k, normalize=True), f"ARP@{k}": AvgRecPopularity(k),
    }
found = calc_metrics(metrics, reco=reco, interactions=interactions, prev_interactions=train, catalog=range(V))
print(json.dumps({"ranx": ranx, "rectools": {name: float(value) for name, value in found.items()}}, indent=1))
