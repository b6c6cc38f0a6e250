"""
PyTorch's side of the benchmark. Reads one request a line from stdin, {"case", "times", ...}, runs the case that often
and answers with {"ms": [...]} on stdout. Stays up, so that both sides are measured warm and in turn.
"""
import json
import sys
import time

import torch
import torch.nn.functional as F

import diffusion
import hdgi
import models
import sasrec


def softmax_step(batch, items, dimension, rate):
    """Exact softmax loss over the catalogue, its gradients, Adam."""
    hidden = torch.randn(batch, dimension, requires_grad=True)
    table = (0.02 * torch.randn(items, dimension)).requires_grad_()
    targets = torch.randint(items, (batch,))
    optimiser = torch.optim.Adam([hidden, table], lr=rate, fused=True)

    def run():
        optimiser.zero_grad()
        loss = F.cross_entropy(hidden @ table.T, targets)
        loss.backward()
        optimiser.step()
        return loss.item()

    return run


def adam(rows, dimension, fused):
    table = torch.randn(rows, dimension, requires_grad=True)
    table.grad = torch.randn(rows, dimension)
    return torch.optim.Adam([table], fused=fused).step


def matmul(size):
    a, b = torch.randn(size, size), torch.randn(size, size)
    return lambda: a @ b


def with_gradient(forward, inputs):
    """Forward and backward."""
    upstream = torch.randn_like(forward(*inputs))
    return lambda: torch.autograd.grad(forward(*inputs), inputs, upstream)


def layer_norm(batch, length, dimension):
    x = torch.randn(batch, length, dimension, requires_grad=True)
    gain, bias = torch.ones(dimension, requires_grad=True), torch.zeros(dimension, requires_grad=True)
    return with_gradient(lambda x, gain, bias: F.layer_norm(x, (dimension,), gain, bias, 1e-6), (x, gain, bias))


def attention(batch, length, dimension):
    inputs = tuple(torch.randn(batch, 1, length, dimension, requires_grad=True) for _ in range(3))
    return with_gradient(lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True), inputs)


def rank(batch, batches, items, dimension, k):
    """Scores of every item and the k best, without the target's rank."""
    hidden, table = torch.randn(batches, batch, dimension), torch.randn(items, dimension)

    def run():
        with torch.no_grad():
            for part in hidden:
                torch.topk(part @ table.T, k)

    return run


CASES = {
    "softmax step": softmax_step,
    "adam": adam,
    "matmul": matmul,
    "layer norm": layer_norm,
    "attention": attention,
    "rank": rank,
    "model step": models.step,
    "model loss": models.loss_without_dropout,
    "diffusion step": diffusion.step,
    "diffusion sample": diffusion.sample,
    "hdgi epoch": hdgi.epoch,
    "hdgi loss": hdgi.loss_only,
    "sasrec": sasrec.step,
    "sasrec loss": sasrec.loss_without_dropout,
}


def main(threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    ready = {}
    say({"torch": torch.__version__, "python": sys.version.split()[0], "threads": torch.get_num_threads()})
    for line in sys.stdin:
        request = json.loads(line)
        key = json.dumps([request["case"], request["given"]])
        if key not in ready:
            ready[key] = CASES[request["case"]](**request["given"])
        times = []
        value = None
        for _ in range(request["times"]):
            started = time.perf_counter()
            value = ready[key]()
            times.append(1000 * (time.perf_counter() - started))
        say({"ms": times, "value": value if isinstance(value, float) else None})


def say(answer):
    print(json.dumps(answer), flush=True)


main(int(sys.argv[1]))
