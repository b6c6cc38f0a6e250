"""
Our SASRec (src/models/sasrec.ts) as one would write it in PyTorch: normalisation before each part, GELU (tanh form),
one table for input and output, exact softmax over the catalogue at every position. Its weights are read from a file
that our model saved, so that both can be shown to give the same loss.
"""
import json
import struct

import numpy
import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, dimension, inner, dropout):
        super().__init__()
        self.rate = dropout
        self.attention_norm, self.feed_norm = nn.LayerNorm(dimension, eps=1e-6), nn.LayerNorm(dimension, eps=1e-6)
        self.query, self.key, self.value, self.output = (nn.Linear(dimension, dimension) for _ in range(4))
        self.inner, self.outer = nn.Linear(dimension, inner), nn.Linear(inner, dimension)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):  # [B, L, D]
        y = self.attention_norm(x)
        q, k, v = (part(y).unsqueeze(1) for part in (self.query, self.key, self.value))  # [B, 1, L, D]
        attended = F.scaled_dot_product_attention(q, k, v, dropout_p=self.rate if self.training else 0.0, is_causal=True)
        x = x + self.dropout(self.output(attended.squeeze(1)))
        return x + self.dropout(self.outer(F.gelu(self.inner(self.feed_norm(x)), approximate="tanh")))


class Sasrec(nn.Module):
    def __init__(self, items, dimension, inner, blocks, length, dropout):
        super().__init__()
        self.item, self.position = nn.Embedding(items, dimension), nn.Embedding(length, dimension)
        self.blocks = nn.ModuleList(Block(dimension, inner, dropout) for _ in range(blocks))
        self.norm, self.dropout = nn.LayerNorm(dimension, eps=1e-6), nn.Dropout(dropout)

    def loss(self, sessions, targets):  # [B, L], [B, L]
        x = self.dropout(self.item(sessions) + self.position.weight[: sessions.shape[1]])
        for block in self.blocks:
            x = block(x)
        logits = self.norm(x).flatten(0, 1) @ self.item.weight.T  # [B*L, V]
        return F.cross_entropy(logits, targets.flatten())


def load(model, path):
    """Fills the model from a safetensors file: 8 bytes of length, a header of JSON, the values."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        body = file.read()
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = entry["data_offsets"]
        value = torch.from_numpy(numpy.frombuffer(body[start:end], numpy.float32).reshape(entry["shape"]).copy())
        *place, last = name.split("/")
        module = model.blocks[int(place[0])] if len(place) > 1 else model
        attribute = {"attention/norm": "attention_norm", "feed/norm": "feed_norm"}.get("/".join(place[1:]), (place or [last])[-1])
        parameter = "weight" if last in ("item", "position", "gain", "weight") else "bias"
        with torch.no_grad():
            target = getattr(getattr(module, attribute), parameter)
            target.copy_(value.T if last == "weight" else value)


def prepared(weights, input, targets, batch, items, dimension, inner, blocks, length, dropout):
    model = Sasrec(items, dimension, inner, blocks, length, dropout)
    load(model, weights)
    return model, torch.tensor(input).view(batch, length), torch.tensor(targets).view(batch, length)


def step(rate, **given):
    """One training step."""
    model, sessions, targets = prepared(**given)
    optimiser = torch.optim.Adam(model.parameters(), lr=rate, fused=True)

    def run():
        optimiser.zero_grad()
        loss = model.loss(sessions, targets)
        loss.backward()
        optimiser.step()
        return loss.item()

    return run


def loss_without_dropout(**given):
    model, sessions, targets = prepared(**given)
    model.eval()

    def run():
        with torch.no_grad():
            return model.loss(sessions, targets).item()

    return run
