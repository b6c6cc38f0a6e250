"""SASRec's forward pass and softmax loss in numpy, float64: an independent reading of the equations in src/models/sasrec.ts.

    python test/golden/sasrec.py > test/golden/sasrec.json      (numpy only)

Weights are a formula of their name and place, so that both sides build the same without a file.
"""
import json
import math
import numpy as np

V, D, L, INNER, BLOCKS, HEADS = 7, 4, 5, 6, 2, 2


def weight(name, *shape):
    code = sum(ord(c) * (i + 1) for i, c in enumerate(name))
    return np.array([math.sin(code + 1.7 * i) for i in range(int(np.prod(shape)))]).reshape(shape)


def dense(x, name, n_in, n_out):
    return x @ (0.5 * weight(name + "/weight", n_in, n_out)) + 0.5 * weight(name + "/bias", n_out)


def norm(x, name):
    centred = x - x.mean(-1, keepdims=True)
    scale = np.sqrt((centred ** 2).mean(-1, keepdims=True) + 1e-6)
    return centred / scale * (1 + 0.1 * weight(name + "/gain", D)) + 0.1 * weight(name + "/bias", D)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))


def hidden(session):
    n = len(session)
    table = weight("item", V, D)
    x = table[session] + weight("position", L, D)[:n]
    for b in range(BLOCKS):
        y = norm(x, f"{b}/attention/norm")
        q, k, v = (dense(y, f"{b}/attention/{part}", D, D) for part in ("query", "key", "value"))
        out = np.zeros_like(q)
        width = D // HEADS
        for h in range(HEADS):
            cut = slice(h * width, (h + 1) * width)
            logits = q[:, cut] @ k[:, cut].T / math.sqrt(width)
            logits[np.triu_indices(n, 1)] = -np.inf
            out[:, cut] = softmax(logits) @ v[:, cut]
        x = x + dense(out, f"{b}/attention/output", D, D)
        x = x + dense(gelu(dense(norm(x, f"{b}/feed/norm"), f"{b}/feed/inner", D, INNER)), f"{b}/feed/outer", INNER, D)
    return norm(x, "norm"), table


sessions = [[3, 1, 4, 1, 5], [6, 2], [0]]
scores = [(lambda h, e: (h[-1] @ e.T).tolist())(*hidden(s)) for s in sessions]
losses = []
for s in sessions:
    if len(s) < 2:
        continue
    h, e = hidden(s[:-1])
    p = softmax(h @ e.T)
    losses += [-math.log(p[i, t]) for i, t in enumerate(s[1:])]
print(json.dumps({"scores": scores, "loss": float(np.mean(losses))}, indent=1))
