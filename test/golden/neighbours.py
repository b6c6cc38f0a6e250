"""STAN, VSTAN and sequential rules in numpy, float64: the formulas of rn5l/session-rec (algorithms/knn/stan.py,
algorithms/knn/vstan.py, algorithms/baselines/sr.py at 56ce286) read anew, one plain loop over all training sessions.

    python test/golden/neighbours.py > test/golden/neighbours.json      (numpy only)

Sessions are a formula of their number, so that both sides build the same without a file.
"""
import json
import math
import numpy as np

V, S, DAY = 12, 60, 86400
sessions = [[(s * 7919 + t * 1047 + s * t * 31 + s * s * 17) % 1009 % V for t in range(2 + s % 6)] for s in range(S)]
times = [((s * 37) % S) * 0.7 * DAY + 1000 * s for s in range(S)]  # of a session's last event, in another order than theirs
queries = [[3], [3, 5], [7, 7, 2], [1, 4, 1, 8], [0, 6, 11, 2, 9], [10, 10]]


def neighbours(query, k, sample, spw, snh, now):
    """Pairs of a session and its similarity."""
    weight = {item: math.exp((place + 1 - len(query)) / spw) for place, item in enumerate(query)}  # the last place wins
    candidates = [n for n in range(S) if set(sessions[n]) & set(query)]
    candidates = sorted(candidates, key=lambda n: times[n], reverse=True)[:sample]
    found = []
    for n in candidates:
        shared = set(sessions[n]) & set(query)
        cosine = sum(weight[i] for i in shared) / (math.sqrt(sum(w * w for w in weight.values())) * math.sqrt(len(set(sessions[n]))))
        found.append((n, cosine * math.exp(-(now(candidates) - times[n]) / (snh * DAY))))
    return sorted(found, key=lambda pair: -pair[1])[:k]


def stan(query, k=10, sample=25, spw=1.02, snh=5.0, inh=2.05, ipw=None, idf=None):
    events = np.bincount(sum(sessions, []), minlength=V)
    scores = np.zeros(V)
    # session-rec has the time of the query here, a common factor of all scores; ours is the most recent candidate's.
    for n, similarity in neighbours(query, k, sample, spw, snh, lambda candidates: times[candidates[0]]):
        last = {item: place for place, item in enumerate(sessions[n])}
        star = max(place for place, item in enumerate(sessions[n]) if item in query)
        meeting = max(place for place, item in enumerate(query) if item in sessions[n])
        for item in last:
            value = similarity * math.exp(-abs(last[item] - star) / inh)
            if idf is not None:
                value += value * math.log(S / events[item]) * idf
            if ipw is not None:
                value *= math.exp((meeting + 1 - len(query)) / ipw)
            scores[item] += value
    return scores.tolist()


def rules(query, steps, weight, prune):
    table = np.zeros((V, V))
    for session in sessions:
        for at in range(1, len(session)):
            for back in range(1, min(steps, at) + 1):
                table[session[at - back], session[at]] += weight(back)
    row = table[query[-1]]
    if prune > 0:
        row = np.where(row >= np.sort(row)[-prune], row, 0)  # no ties at the edge in these data
        assert np.count_nonzero(row) <= prune
    return (row / row.sum()).tolist()


print(json.dumps({
    "stan": [stan(query) for query in queries],
    "vstan": [stan(query, ipw=1.3, idf=2.0) for query in queries],
    "rules": [rules(query, 3, lambda back: 1 / back, 0) for query in queries],
    "pruned": [rules(query, 10, lambda back: 1 / back ** 2, 4) for query in queries],
}, indent=1))
