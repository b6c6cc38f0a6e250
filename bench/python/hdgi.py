"""
HDGI in PyTorch, float32: HDGI-C by sparse CSR products, a factor B of B B' kept as it is; HDGI-A by dense masked attention a
head at a time, as the released code (e7e0552). Weights come from a file by our names.
"""
import json

import torch
import torch.nn.functional as F

from models import read


def csr(lists):
    return torch.sparse_csr_tensor(torch.tensor(lists["offsets"]), torch.tensor(lists["column"]), torch.tensor(lists["value"], dtype=torch.float32), tuple(lists["shape"]))


class Product(torch.autograd.Function):
    """A x with a fixed sparse A; the gradient is the product with the transpose, made once."""

    @staticmethod
    def forward(ctx, a, back, x):
        ctx.back = back
        return a @ x

    @staticmethod
    def backward(ctx, dy):
        return None, None, ctx.back @ dy.contiguous()


class Sparse:
    def __init__(self, lists):
        self.there = csr(lists)
        self.back = self.there.to_dense().T.contiguous().to_sparse_csr()

    def times(self, x):
        return Product.apply(self.there, self.back, x)

    def back_times(self, x):
        return Product.apply(self.back, self.there, x)


class Gcn:
    def __init__(self, path, _):
        self.name = path["name"]
        if "factor" in path:
            self.factor = Sparse(path["factor"])
            b = self.factor.there.to_dense()
            own = (b * b).sum(1)
            self.root = ((b @ b.sum(0)) - own + 1).rsqrt()[:, None]
            self.self = (1 - own)[:, None]
        else:
            a = csr(path["matrix"]).to_dense()
            a = a + torch.eye(len(a))
            root = a.sum(1).rsqrt()
            lists = (root[:, None] * a * root).to_sparse_csr()
            self.matrix = Sparse({"offsets": lists.crow_indices().tolist(), "column": lists.col_indices().tolist(), "value": lists.values().tolist(), "shape": lists.shape})

    def __call__(self, w, z):
        if hasattr(self, "factor"):
            y = self.root * z
            z = self.root * (self.factor.times(self.factor.back_times(y)) + self.self * y)
        else:
            z = self.matrix.times(z)
        return F.prelu(z + w[self.name + "/bias"], w[self.name + "/slope"])


class Gat:
    def __init__(self, path, options):
        self.name, self.heads = path["name"], options["heads"]
        a = csr(path["matrix"]).to_dense() if "matrix" in path else (lambda b: b @ b.T)(csr(path["factor"]).to_dense())
        self.hidden = torch.where((a + torch.eye(len(a))) > 0, 0.0, -9e15)

    def __call__(self, w, z):
        out = []
        for k, part in enumerate(z.split(z.shape[1] // self.heads, 1)):
            e = F.leaky_relu((part @ w[self.name + "/own"][k])[:, None] + (part @ w[self.name + "/other"][k])[None, :], 0.2)
            out.append(F.leaky_relu(torch.softmax(e + self.hidden, 1) @ part, 0.01))
        return torch.cat(out, 1)


def prepared(file):
    with open(file) as text:
        given = json.load(text)
    w, options, graph = read(given["weights"]), given["options"], given["graph"]
    features, shuffle = Sparse(graph["features"]), torch.tensor(given["shuffle"])
    paths = [(Gcn if options["variant"] == "gcn" else Gat)(path, options) for path in graph["paths"]]

    def combine(layers):
        h = torch.stack(layers)
        e = (torch.tanh(h @ w["semantic/weight"] + w["semantic/bias"]) @ w["semantic/query"]).mean((1, 2))
        return (torch.softmax(e, 0)[:, None, None] * h).sum(0)

    def loss():
        inputs = [features.times(w[path.name + "/weight"]) for path in paths]
        real = combine([path(w, z) for path, z in zip(paths, inputs)])
        other = combine([path(w, z[shuffle]) for path, z in zip(paths, inputs)])
        direction = w["discriminator/weight"] @ torch.sigmoid(real.mean(0))
        bias = w["discriminator/bias"]
        return (F.softplus(-(real @ direction + bias)).mean() + F.softplus(other @ direction + bias).mean()) / 2

    return w, loss


def epoch(file, rate):
    w, loss = prepared(file)
    optimiser = torch.optim.Adam(w.values(), lr=rate, fused=True)

    def run():
        optimiser.zero_grad()
        value = loss()
        value.backward()
        optimiser.step()
        return value.item()

    return run


def loss_only(file):
    _, loss = prepared(file)

    def run():
        with torch.no_grad():
            return loss().item()

    return run
