"""
The neural session recommenders in PyTorch, as their released codes have them: padded batches, dense adjacency matrices,
torch's own cells. Weights come from a file that our model saved, by our names. What a step reads (padded items, masks,
adjacency) is made before, outside the time that is measured.
"""
import json
import struct

import numpy
import torch
import torch.nn.functional as F


def read(path):
    """The tensors of a safetensors file, by name: 8 bytes of length, a header of JSON, the values."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        body = file.read()
    values = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = entry["data_offsets"]
            values[name] = torch.from_numpy(numpy.frombuffer(body[start:end], numpy.float32).reshape(entry["shape"]).copy()).requires_grad_()
    return values


def dense(w, x, name):
    return x @ w[name + "/weight"] + w[name + "/bias"]


class Padded:
    """Sequences as a padded batch, with the graphs of SR-GNN's get_slice where they are asked for."""

    def __init__(self, batch, graphs=False):
        offsets, item = batch["sequences"]["offsets"], batch["sequences"]["item"]
        sessions = [item[a:b] for a, b in zip(offsets, offsets[1:])]
        size = max(map(len, sessions))
        self.items = torch.tensor([s + [0] * (size - len(s)) for s in sessions])
        self.mask = torch.tensor([[1.0] * len(s) + [0.0] * (size - len(s)) for s in sessions]).unsqueeze(2)
        self.lengths = torch.tensor([len(s) for s in sessions])
        self.rows = torch.arange(len(sessions))
        self.targets = torch.tensor(batch["targets"])
        if graphs:
            nodes = [sorted(set(s)) for s in sessions]
            n = max(map(len, nodes))
            self.nodes = torch.tensor([s + [0] * (n - len(s)) for s in nodes])
            self.alias = torch.tensor([[own.index(i) for i in s] + [0] * (size - len(s)) for s, own in zip(sessions, nodes)])
            self.adjacency = torch.zeros(len(sessions), n, 2 * n)
            for b, (s, own) in enumerate(zip(sessions, nodes)):
                a = torch.zeros(n, n)
                for u, v in zip(s, s[1:]):
                    a[own.index(u), own.index(v)] = 1
                self.adjacency[b] = torch.cat([a / a.sum(0).clamp(min=1), a.T / a.sum(1).clamp(min=1)]).T

    def last(self, states):
        return states[self.rows, self.lengths - 1]


def graph_states(w, hidden, adjacency):
    n = hidden.shape[1]
    into = adjacency[:, :, :n] @ dense(w, hidden, "graph/in") + w["graph/in/shift"]
    out = adjacency[:, :, n:] @ dense(w, hidden, "graph/out") + w["graph/out/shift"]
    i_r, i_z, i_n = dense(w, torch.cat([into, out], 2), "graph/gates/input").chunk(3, 2)
    h_r, h_z, h_n = dense(w, hidden, "graph/gates/state").chunk(3, 2)
    new = torch.tanh(i_n + torch.sigmoid(i_r + h_r) * h_n)
    return new + torch.sigmoid(i_z + h_z) * (hidden - new)


def readout(w, states, padded):
    last = padded.last(states)
    energies = torch.sigmoid(dense(w, last, "attention/last").unsqueeze(1) + dense(w, states, "attention/position"))
    alpha = energies @ w["attention/query"]
    return dense(w, torch.cat([(alpha * states * padded.mask).sum(1), last], 1), "output")


def sr_gnn(w, padded, options, training):
    nodes = graph_states(w, F.embedding(padded.nodes, w["item"]), padded.adjacency)
    states = nodes[padded.rows.unsqueeze(1), padded.alias]
    return readout(w, states, padded) @ w["item"].T


def niser(w, padded, options, training):
    items = F.dropout(F.embedding(padded.nodes, w["item"]), options["itemDropout"], training)
    nodes = graph_states(w, F.normalize(items, dim=-1), padded.adjacency)
    states = nodes[padded.rows.unsqueeze(1), padded.alias] + w["position"][: padded.items.shape[1]]
    return options["sigma"] * F.normalize(readout(w, states, padded)) @ F.normalize(w["item"]).T


def gru_before(w, x, h):
    """One step that resets before the product, as ours."""
    r, u = torch.sigmoid(torch.cat([x, h], -1) @ w["gru/gates/weight"] + w["gru/gates/bias"]).chunk(2, -1)
    c = torch.tanh(torch.cat([x, r * h], -1) @ w["gru/candidate/weight"] + w["gru/candidate/bias"])
    return u * h + (1 - u) * c


def narm(w, padded, options, training, gru=None):
    x = F.dropout(F.embedding(padded.items, w["item"]), options["inputDropout"], training)
    if gru is None:
        h, states = x.new_zeros(x.shape[0], options["units"]), []
        for t in range(x.shape[1]):
            h = gru_before(w, x[:, t], h)
            states.append(h)
        states = torch.stack(states, 1)
    else:
        states, _ = gru(x)
    last = padded.last(states)
    energies = torch.sigmoid((last @ w["attention/last"]).unsqueeze(1) + states @ w["attention/position"])
    local = (energies @ w["attention/query"] * states * padded.mask).sum(1)
    return F.dropout(torch.cat([last, local], 1), options["outputDropout"], training) @ w["output"] @ w["item"].T


def stamp(w, padded, options, training):
    x = F.embedding(padded.items, w["item"])
    x = x * (options["maxNorm"] / x.norm(dim=-1, keepdim=True).clamp(min=1e-6)).clamp(max=1) * padded.mask
    last, mean = padded.last(x), x.sum(1) / padded.lengths.unsqueeze(1)
    energies = torch.sigmoid(x @ w["attention/item"] + (last @ w["attention/last"] + mean @ w["attention/mean"]).unsqueeze(1) + w["attention/bias"])
    attended = (energies @ w["attention/query"] * x).sum(1) + mean
    return torch.tanh(attended @ w["output/session"]) * torch.tanh(last @ w["output/last"]) @ w["item"].T


PREFIX = {"sr-gnn": (sr_gnn, True), "niser": (niser, True), "narm": (narm, False), "stamp": (stamp, False)}


def prefix_model(name, w, batch, options):
    forward, graphs = PREFIX[name]
    padded = Padded(batch, graphs)
    parameters = dict(w)
    extra = {}
    if name == "narm":  # torch's fused GRU for the time; it resets after the product, so its loss is another
        extra["gru"] = torch.nn.GRU(options["dimension"], options["units"], batch_first=True)
        parameters = {key: value for key, value in w.items() if not key.startswith("gru/")}
    adam = torch.optim.Adam([*parameters.values(), *(p for module in extra.values() for p in module.parameters())], lr=options["rate"], weight_decay=options.get("l2", 0), fused=True)
    return (lambda training: F.cross_entropy(forward(w, padded, options, training, **(extra if training else {})), padded.targets)), adam


def bert4rec(w, batch, options):
    """torch's own encoder layers; the weights of theirs are copies of ours."""
    d, gelu = options["dimension"], lambda x: F.gelu(x, approximate="tanh")
    size, length = batch["batch"], batch["length"]
    norm = lambda x, name: F.layer_norm(x, (d,), w[name + "/gain"], w[name + "/bias"], 1e-6)
    shown = torch.tensor(batch["input"]).view(size, length)
    hidden = (shown < 0).unsqueeze(2).float()
    padding = torch.arange(length).unsqueeze(0) >= torch.tensor(batch["lengths"]).unsqueeze(1)
    places, targets = torch.tensor(batch["places"]), torch.tensor(batch["targets"])
    layers = []
    for b in range(options["blocks"]):
        layer = torch.nn.TransformerEncoderLayer(d, options["heads"], options["inner"], options["dropout"], gelu, 1e-6, batch_first=True)
        with torch.no_grad():
            own = lambda name: w[f"{b}/{name}"]
            layer.self_attn.in_proj_weight.copy_(torch.cat([own(f"attention/{part}/weight").T for part in ("query", "key", "value")]))
            layer.self_attn.in_proj_bias.copy_(torch.cat([own(f"attention/{part}/bias") for part in ("query", "key", "value")]))
            for module, name in ((layer.self_attn.out_proj, "attention/output"), (layer.linear1, "feed/inner"), (layer.linear2, "feed/outer")):
                module.weight.copy_(own(name + "/weight").T)
                module.bias.copy_(own(name + "/bias"))
            for module, name in ((layer.norm1, "attention/norm"), (layer.norm2, "feed/norm")):
                module.weight.copy_(own(name + "/gain"))
                module.bias.copy_(own(name + "/bias"))
        layers.append(layer)
    outside = [value for key, value in w.items() if not key[0].isdigit()]
    adam = torch.optim.Adam([*outside, *(p for layer in layers for p in layer.parameters())], lr=options["rate"], fused=True)

    def loss(training):
        x = F.embedding(shown.clamp(min=0), w["item"]) * (1 - hidden) + hidden * w["hidden"] + w["position"][:length]
        x = F.dropout(norm(x, "input/norm"), options["dropout"], training)
        for layer in layers:
            for module in layer.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.p = options["dropout"] if training else 0.0
            layer.self_attn.dropout = options["dropout"] if training else 0.0
            x = layer(x, src_key_padding_mask=padding)
        x = norm(gelu(dense(w, x.flatten(0, 1)[places], "output")), "output/norm")
        return F.cross_entropy(x @ w["item"].T, targets)

    return loss, adam


class IndexedAdagrad:
    """As the official GRU4Rec's: rows of sparse gradients alone, momentum of what they moved by."""

    def __init__(self, parameters, rate, momentum, epsilon=1e-6):
        self.rate, self.momentum, self.epsilon = rate, momentum, epsilon
        self.state = [(p, torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]

    def zero_grad(self):
        for p, _, _ in self.state:
            p.grad = None

    @torch.no_grad()
    def step(self):
        for p, squares, moved in self.state:
            if p.grad.is_sparse:
                gradient = p.grad.coalesce()
                at, values = gradient._indices()[0], gradient._values()
                sums = squares[at] + values.pow(2)
                squares.index_copy_(0, at, sums)
                sums.add_(self.epsilon).sqrt_().mul_(-1 / self.rate)
                rows = moved[at].mul_(self.momentum).add_(values / sums)
                moved.index_copy_(0, at, rows)
                p.index_add_(0, at, rows)
            else:
                squares.add_(p.grad.pow(2))
                moved.mul_(self.momentum).addcdiv_(p.grad, squares.add(self.epsilon).sqrt_(), value=-self.rate)
                p.add_(moved)


def gru4rec(w, batch, options):
    item, targets, negatives = (torch.tensor(batch[key]) for key in ("input", "targets", "negatives"))
    ranked = torch.cat([targets, negatives])
    lanes, d = len(item), options["dimension"]
    others = 1 - torch.eye(lanes, len(ranked))
    cell = torch.nn.GRUCell(d, d)  # for the time; it resets after the product, so its loss is another
    table = torch.nn.Embedding.from_pretrained(w["item"].detach(), freeze=False, sparse=True)
    bias = torch.nn.Embedding.from_pretrained(w["bias"].detach(), freeze=False, sparse=True)
    optimiser = IndexedAdagrad([table.weight, bias.weight, *cell.parameters()], options["rate"], options["momentum"])

    def loss(training):
        rows, offsets = table(torch.cat([item, ranked])), bias(ranked)
        x, h = F.dropout(rows[:lanes], options["inputDropout"], training), torch.zeros(lanes, d)
        state = cell(x, h) if training else gru_before(w, x, h)
        scores = F.elu(F.dropout(state, options["stateDropout"], training) @ rows[lanes:].T + offsets.T, options["elu"])
        masked = scores * others
        e = torch.exp(masked - masked.max(1, keepdim=True)[0]) * others
        weights = e / e.sum(1, keepdim=True)
        won = -torch.log((torch.sigmoid(torch.diag(scores).unsqueeze(1) - scores) * weights).sum(1) + 1e-24)
        return (won + options["penalty"] * (scores**2 * weights).sum(1)).sum() / options["batch"]

    return loss, optimiser


def prepared(name, weights, batch, options):
    w = read(weights)
    if name == "gru4rec":
        return gru4rec(w, batch, options)
    if name == "bert4rec":
        return bert4rec(w, batch, options)
    return prefix_model(name, w, batch, options)


def step(rate, options, **given):
    """One training step."""
    loss_of, optimiser = prepared(options={**options, "rate": rate}, **given)

    def run():
        optimiser.zero_grad()
        loss = loss_of(True)
        loss.backward()
        optimiser.step()
        return loss.item()

    return run


def loss_without_dropout(**given):
    loss_of, _ = prepared(**given)

    def run():
        with torch.no_grad():
            return loss_of(False).item()

    return run
