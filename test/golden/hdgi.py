"""HDGI-C and HDGI-A in PyTorch, float64, dense as the released code has them (e7e0552), the identity added once: vectors,
meta-path weights, loss and the gradient of every weight. And DMGI as its released code has it (06e1706): the loss without
dropout, with a node counting twice for itself, and the gradients.

    python test/golden/hdgi.py > test/golden/hdgi.json      (torch 2.5.1)

Weights are a formula of their name and place, as in sasrec.py, so that both sides build the same without a file.
"""
import json
import math
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
N, WIDTH, D, K, S = 7, 5, 6, 2, 3
EDGES = [(0, 1), (0, 2), (1, 2), (3, 4), (5, 6), (2, 5)]
COUNTS = [1, 2, 1, 3, 1, 1]
GROUPS = [[0, 1, 2, 3], [3, 4, 5], [0, 4]]  # node 6 is in none
SHUFFLE = [3, 0, 6, 1, 5, 2, 4]
X = torch.tensor([[math.sin(1 + 2.3 * n + 0.9 * f) if (n + f) % 3 else 0 for f in range(WIDTH)] for n in range(N)])
names = {}


def weight(name, *shape):
    if name not in names:
        code = sum(ord(c) * (i + 1) for i, c in enumerate(name))
        names[name] = torch.tensor([0.5 * math.sin(code + 1.7 * i) for i in range(math.prod(shape))]).reshape(shape).requires_grad_()
    return names[name]


edges = torch.zeros(N, N)
for (i, j), count in zip(EDGES, COUNTS):
    edges[i, j] = edges[j, i] = count
member = torch.zeros(N, len(GROUPS))
for g, nodes in enumerate(GROUPS):
    member[nodes, g] = 1
groups = member @ member.T
PATHS = {"edges": edges, "groups": groups - torch.diag(torch.diag(groups))}


def gcn(x, name, adjacency):
    a = adjacency + torch.eye(N)
    root = a.sum(1) ** -0.5
    return F.prelu(root[:, None] * a * root @ (x @ weight(name + "/weight", WIDTH, D)) + weight(name + "/bias", D), weight(name + "/slope", 1))


def gat(x, name, adjacency):
    outs = []
    for k in range(K):
        z = x @ weight(name + "/weight", WIDTH, D)[:, k * D // K : (k + 1) * D // K]
        own, other = weight(name + "/own", K, D // K)[k], weight(name + "/other", K, D // K)[k]
        e = F.leaky_relu((z @ own)[:, None] + (z @ other)[None, :], 0.2)
        e = torch.where(adjacency + torch.eye(N) > 0, e, -9e15)
        outs.append(F.leaky_relu(torch.softmax(e, 1) @ z, 0.01))
    return torch.cat(outs, 1)


def encode(x, layer):
    h = torch.stack([layer(x, name, a) for name, a in PATHS.items()])  # [P, N, D]
    e = (torch.tanh(h @ weight("semantic/weight", D, S) + weight("semantic/bias", S)) @ weight("semantic/query", S, 1)).mean((1, 2))
    beta = torch.softmax(e, 0)
    return (beta[:, None, None] * h).sum(0), beta


out = {}
for variant, layer in {"gcn": gcn, "gat": gat}.items():
    names.clear()
    real, beta = encode(X, layer)
    shuffled, _ = encode(X[SHUFFLE], layer)
    summary = torch.sigmoid(real.mean(0))
    bilinear, bias = weight("discriminator/weight", D, D), weight("discriminator/bias", 1)
    logits = torch.cat([F.bilinear(h, summary.expand(N, D).contiguous(), bilinear[None], bias).ravel() for h in (real, shuffled)])
    loss = F.binary_cross_entropy_with_logits(logits, torch.cat([torch.ones(N), torch.zeros(N)]))
    loss.backward()
    gradients = {name: [round(value, 9) for value in one.grad.ravel().tolist()] for name, one in names.items()}
    out[variant] = {"vectors": [round(value, 9) for value in real.ravel().tolist()], "beta": beta.tolist(), "logits": logits.tolist(), "loss": loss.item(), "gradients": gradients}

names.clear()
SELF, CONSENSUS = 2, 0.1
bce, means = 0, []
for name, adjacency in PATHS.items():
    a = adjacency + SELF * torch.eye(N)
    root = a.sum(1) ** -0.5
    real, shuffled = (torch.relu(root[:, None] * a * root @ (x @ weight(name + "/weight", WIDTH, D))) for x in (X, X[SHUFFLE]))
    summary = torch.sigmoid(real.mean(0)).expand(N, D).contiguous()
    logits = torch.cat([F.bilinear(h, summary, weight("discriminator/weight", D, D)[None], weight("discriminator/bias", 1)).ravel() for h in (real, shuffled)])
    bce = bce + F.binary_cross_entropy_with_logits(logits, torch.cat([torch.ones(N), torch.zeros(N)]))
    means.append(torch.stack([real, shuffled]))
near, far = torch.stack(means).mean(0)
nodes = weight("nodes", N, D)
loss = bce + CONSENSUS * (((nodes - near) ** 2).sum() - ((nodes - far) ** 2).sum())
loss.backward()
gradients = {name: [round(value, 9) for value in one.grad.ravel().tolist()] for name, one in names.items()}
out["dmgi"] = {"loss": loss.item(), "contrast": bce.item() / len(PATHS), "gradients": gradients}
print(json.dumps(out))
