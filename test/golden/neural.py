"""Vectors, scores and losses of the neural session recommenders in PyTorch, float64, written as their papers and released
codes have them: padded batches, dense adjacency matrices, torch's own cells where they fit.

    python test/golden/neural.py > test/golden/neural.json      (torch 2.5.1)

Weights are a formula of their name and place, as in sasrec.py, so that both sides build the same without a file.
"""
import json
import math
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
V, D, H, MAXIMUM = 7, 4, 3, 6
SESSIONS = [[3, 1, 4, 1, 5], [6, 2], [0], [2, 2, 3, 2, 3, 1]]
TARGETS = [2, 0, 6, 4]


def weight(name, *shape):
    code = sum(ord(c) * (i + 1) for i, c in enumerate(name))
    size = math.prod(shape)
    return torch.tensor([0.5 * math.sin(code + 1.7 * i) for i in range(size)]).reshape(shape)


def dense(x, name, n_in, n_out):
    return x @ weight(name + "/weight", n_in, n_out) + weight(name + "/bias", n_out)


def result(vectors, table):
    scores = vectors @ table.T
    return {"scores": scores.tolist(), "loss": F.cross_entropy(scores, torch.tensor(TARGETS)).item()}


def graph(session):
    """As SR-GNN's get_slice: [A_in | A_out] over the session's items."""
    nodes = sorted(set(session))
    a = torch.zeros(len(nodes), len(nodes))
    for u, v in zip(session, session[1:]):
        a[nodes.index(u), nodes.index(v)] = 1
    into = a / a.sum(0).clamp(min=1)
    out = a.T / a.sum(1).clamp(min=1)
    return nodes, torch.cat([into, out]).T


def gnn(session, hidden, a):
    n = len(hidden)
    into = a[:, :n] @ dense(hidden, "graph/in", D, D) + weight("graph/in/shift", D)
    out = a[:, n:] @ dense(hidden, "graph/out", D, D) + weight("graph/out/shift", D)
    cell = torch.nn.GRUCell(2 * D, D)
    with torch.no_grad():  # torch keeps the transposed matrices, gates in the order reset, update, new
        cell.weight_ih.copy_(weight("graph/gates/input/weight", 2 * D, 3 * D).T)
        cell.bias_ih.copy_(weight("graph/gates/input/bias", 3 * D))
        cell.weight_hh.copy_(weight("graph/gates/state/weight", D, 3 * D).T)
        cell.bias_hh.copy_(weight("graph/gates/state/bias", 3 * D))
        return cell(torch.cat([into, out], 1), hidden)


def readout(states):
    last = states[-1]
    alpha = torch.sigmoid(dense(last, "attention/last", D, D) + dense(states, "attention/position", D, D)) @ weight("attention/query", D, 1)
    return dense(torch.cat([(alpha * states).sum(0), last]), "output", 2 * D, D)


def sr_gnn():
    table, vectors = weight("item", V, D), []
    for s in SESSIONS:
        nodes, a = graph(s)
        hidden = gnn(s, table[nodes], a)
        vectors.append(readout(hidden[[nodes.index(i) for i in s]]))
    return result(torch.stack(vectors), table)


def niser(sigma=16):
    table, vectors = F.normalize(weight("item", V, D)), []
    for s in SESSIONS:
        nodes, a = graph(s)
        hidden = gnn(s, table[nodes], a)
        vectors.append(readout(hidden[[nodes.index(i) for i in s]] + weight("position", MAXIMUM, D)[: len(s)]))
    return result(sigma * F.normalize(torch.stack(vectors)), table)


def gru(x, inputs, units):
    """Reset before the product, as the official Theano GRU4Rec: [T, I] -> [T, H]."""
    gates, gate_bias = weight("gru/gates/weight", inputs + units, 2 * units), weight("gru/gates/bias", 2 * units)
    candidate, candidate_bias = weight("gru/candidate/weight", inputs + units, units), weight("gru/candidate/bias", units)
    h, states = torch.zeros(units), []
    for row in x:
        r, u = torch.sigmoid(torch.cat([row, h]) @ gates + gate_bias).chunk(2)
        c = torch.tanh(torch.cat([row, r * h]) @ candidate + candidate_bias)
        h = u * h + (1 - u) * c
        states.append(h)
    return torch.stack(states)


def narm(softmax):
    table, vectors = weight("item", V, D), []
    for s in SESSIONS:
        states = gru(table[s], D, H)
        alpha = torch.sigmoid(states[-1] @ weight("attention/last", H, H) + states @ weight("attention/position", H, H)) @ weight("attention/query", H, 1)
        alpha = torch.softmax(alpha, 0) if softmax else alpha
        vectors.append(torch.cat([states[-1], (alpha * states).sum(0)]) @ weight("output", 2 * H, D))
    return result(torch.stack(vectors), table)


def stamp(max_norm=0.8):
    table, vectors = weight("item", V, D), []
    for s in SESSIONS:
        x = F.embedding(torch.tensor(s), table.clone(), max_norm=max_norm)
        last, mean = x[-1], x.mean(0)
        energies = torch.sigmoid(x @ weight("attention/item", D, D) + last @ weight("attention/last", D, D) + mean @ weight("attention/mean", D, D) + weight("attention/bias", D))
        attended = (energies @ weight("attention/query", D, 1) * x).sum(0) + mean
        vectors.append(torch.tanh(attended @ weight("output/session", D, D)) * torch.tanh(last @ weight("output/last", D, D)))
    return result(torch.stack(vectors), table)


def bert4rec(inner=5, heads=2, blocks=2):
    """A hidden item after each session; torch's own encoder layer, normalising after each part."""
    gelu = lambda x: F.gelu(x, approximate="tanh")
    table, length = weight("item", V, D), max(map(len, SESSIONS)) + 1
    norm = lambda x, name: F.layer_norm(x, (D,), 1 + weight(name + "/gain", D), weight(name + "/bias", D), 1e-6)
    x, padding = torch.zeros(len(SESSIONS), length, D), torch.ones(len(SESSIONS), length, dtype=torch.bool)
    for b, s in enumerate(SESSIONS):
        x[b, : len(s) + 1] = torch.cat([table[s], weight("hidden", 1, D)])
        padding[b, : len(s) + 1] = False
    x = norm(x + weight("position", length, D), "input/norm")
    for b in range(blocks):
        layer = torch.nn.TransformerEncoderLayer(D, heads, inner, 0.0, gelu, 1e-6, batch_first=True)
        own = lambda name, *shape: weight(f"{b}/{name}", *shape)
        layer.self_attn.in_proj_weight.copy_(torch.cat([own(f"attention/{part}/weight", D, D).T for part in ("query", "key", "value")]))
        layer.self_attn.in_proj_bias.copy_(torch.cat([own(f"attention/{part}/bias", D) for part in ("query", "key", "value")]))
        for module, name, n_in, n_out in ((layer.self_attn.out_proj, "attention/output", D, D), (layer.linear1, "feed/inner", D, inner), (layer.linear2, "feed/outer", inner, D)):
            module.weight.copy_(own(name + "/weight", n_in, n_out).T)
            module.bias.copy_(own(name + "/bias", n_out))
        for module, name in ((layer.norm1, "attention/norm"), (layer.norm2, "feed/norm")):
            module.weight.copy_(1 + own(name + "/gain", D))
            module.bias.copy_(own(name + "/bias", D))
        x = layer.train()(x, src_key_padding_mask=padding)  # eval mode would take torch's fused path
    last = torch.stack([x[b, len(s)] for b, s in enumerate(SESSIONS)])
    return result(norm(gelu(dense(last, "output", D, D)), "output/norm"), table)


def gru4rec():
    """Scores of whole sessions; and the losses of the official code (gru4rec_pytorch.py) on a matrix of scores."""
    table, bias = weight("item", V, D), weight("bias", V, 1)
    vectors = torch.stack([gru(table[s], D, D)[-1] for s in SESSIONS])
    o = 3 * weight("scores", 3, 8)
    eye = 1 - torch.eye(3, 8)
    support, alpha, logq = torch.arange(1.0, 9.0), 0.3, 0.7
    q = torch.cat([support[:3], support[3:] ** alpha])
    p = torch.softmax(o - logq * torch.log(q), 1)
    e = F.elu(o, 0.5)
    masked = e * eye
    weights = torch.exp(masked - masked.max(1, keepdim=True)[0]) * eye
    weights = weights / weights.sum(1, keepdim=True)
    won = -torch.log((torch.sigmoid(torch.diag(e)[:, None] - e) * weights).sum(1) + 1e-24)
    return {
        "scores": (vectors @ table.T + bias.T).tolist(),
        "crossEntropy": (-torch.log(torch.diag(p) + 1e-24).sum() / 3).item(),
        "bprMax": ((won + 0.9 * (e**2 * weights).sum(1)).sum() / 3).item(),
    }


with torch.no_grad():
    print(json.dumps({"sr-gnn": sr_gnn(), "niser": niser(), "narm": narm(False), "narm softmax": narm(True), "stamp": stamp(), "bert4rec": bert4rec(), "gru4rec": gru4rec()}, indent=1))
