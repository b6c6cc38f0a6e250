"""
The guided diffusion model in PyTorch, float32: AdaLN blocks, cosine schedule, x0 prediction. Weights and what both sides are given come
from a file by our names.
"""
import math

import torch
import torch.nn.functional as F

from models import dense, read


def gelu(x):
    return F.gelu(x, approximate="tanh")


def sinusoids(places, width):
    half = math.ceil(width / 2)
    angles = places[:, None] * torch.exp(-math.log(10_000) * torch.arange(half) / half)
    return torch.cat([torch.cos(angles), torch.sin(angles)], 1)[:, :width]


def denoise(w, x, times, states, with_state, popularity, options):
    """with_state [B, 1] 0 or 1; popularity [B] quantiles, -1 for none."""
    width = options["width"]
    time = dense(w, gelu(dense(w, sinusoids(1000 * times / options["times"], width), "time/inner")), "time/outer")
    state = dense(w, states, "state") * with_state + w["state/null"] * (1 - with_state)
    known = (popularity >= 0).float()[:, None]
    asked = dense(w, sinusoids(1000 * popularity.clamp(min=0), width), "popularity") * known + w["popularity/null"] * (1 - known)
    modulation = F.silu(time + state + asked)
    z = dense(w, x, "input")
    for b in range(options["blocks"]):
        scale, shift, gate = dense(w, modulation, f"{b}/modulation").chunk(3, 1)
        normal = F.layer_norm(z, (width,), eps=1e-6) * (1 + scale) + shift
        z = z + dense(w, gelu(dense(w, normal, f"{b}/inner")), f"{b}/outer") * gate
    return dense(w, z, "output")


def given(file):
    values = read(file)
    fixed = {name[6:]: value.detach() for name, value in values.items() if name.startswith("given/")}
    return {name: value for name, value in values.items() if not name.startswith("given/")}, fixed


def step(file, options, targets):
    w, fixed = given(file)
    optimiser = torch.optim.Adam(w.values(), lr=options["rate"], fused=True)
    batch, targets = options["batch"], torch.tensor(targets)
    states, signal = fixed["states"][:batch], fixed["signal"]

    def run():
        optimiser.zero_grad()
        times = torch.randint(options["times"], (batch,))
        x0 = fixed["table"][targets]
        share = signal[times][:, None]
        x = share.sqrt() * x0 + (1 - share).sqrt() * torch.randn_like(x0)
        with_state = (torch.rand(batch, 1) >= options["drop"]).float()
        popularity = torch.where(torch.rand(batch) < options["popularityDrop"], -1.0, fixed["popularity"][targets])
        loss = F.mse_loss(denoise(w, x, times.float(), states, with_state, popularity, options), x0)
        loss.backward()
        optimiser.step()
        return loss.item()

    return run


def sample(file, options, targets):
    w, fixed = given(file)
    signal, steps, guidance, total = fixed["signal"].double(), options["steps"], options["guidance"], options["times"]
    count = len(fixed["start"])
    times = [math.floor((total - 1) * (steps - 1 - i) / (steps - 1) + 0.5) for i in range(steps)]
    none = torch.full((count,), -1.0)

    def run():
        with torch.no_grad():
            x = fixed["start"]
            for at, t in enumerate(times):
                time = torch.full((count,), float(t))
                ask = lambda with_state: denoise(w, x, time, fixed["states"], torch.full((count, 1), with_state), none, options)
                x0 = (1 + guidance) * ask(1.0) - guidance * ask(0.0)
                if at + 1 == steps:
                    x = x0
                else:
                    own, later = signal[t].item(), signal[times[at + 1]].item()
                    on_x = math.sqrt((1 - later) / (1 - own))
                    x = (math.sqrt(later) - on_x * math.sqrt(own)) * x0 + on_x * x
            return x.square().mean().item()

    return run
