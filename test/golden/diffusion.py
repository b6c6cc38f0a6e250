"""q-sample, and whole DDPM and DDIM runs, of a network that is a formula: written from the equations, not from the library.

    python3 test/golden/diffusion.py > test/golden/diffusion.json

Python's own floats alone. Schedule: linear from 1e-4 to .02, T = 50. The network: f(x, t)_i = tanh(x_i + t / 50) / 2 + i / 10.
DDPM (Ho, Jain and Abbeel 2020, Eq. 7) visits all times, DDIM (Song, Meng and Ermon 2021, Eq. 12, eta 0) the five of 49, 37, 25, 12, 0.
"""
import json
import math

T, D = 50, 3
beta = [1e-4 + (0.02 - 1e-4) * t / (T - 1) for t in range(T)]
signal = [math.prod(1 - b for b in beta[: t + 1]) for t in range(T)]


def noise(step, i):
    return math.sin(1.3 * step + 0.7 * i)


def network(x, t):
    return [math.tanh(v + t / T) / 2 + i / 10 for i, v in enumerate(x)]


def ddpm():
    x = [noise(0, i) for i in range(D)]
    for step, t in enumerate(range(T - 1, -1, -1)):
        x0 = network(x, t)
        if t == 0:
            # beta_0 = 1 - signal_0, so c1 = 1 and c2 = 0: the mean is x0 itself, without noise
            return x0
        before = signal[t - 1]
        c1 = beta[t] * math.sqrt(before) / (1 - signal[t])
        c2 = (1 - before) * math.sqrt(1 - beta[t]) / (1 - signal[t])
        deviation = math.sqrt(beta[t] * (1 - before) / (1 - signal[t]))
        x = [c1 * a + c2 * b + deviation * noise(step + 1, i) for i, (a, b) in enumerate(zip(x0, x))]


def ddim(times):
    x = [noise(0, i) for i in range(D)]
    for at, t in enumerate(times):
        x0 = network(x, t)
        after = signal[times[at + 1]] if at + 1 < len(times) else 1.0
        e = [(v - math.sqrt(signal[t]) * a) / math.sqrt(1 - signal[t]) for v, a in zip(x, x0)]
        x = [math.sqrt(after) * a + math.sqrt(1 - after) * b for a, b in zip(x0, e)]
    return x


x0 = [0.5, -1.0, 2.0]
print(json.dumps({
    "noised": {str(t): [math.sqrt(signal[t]) * a + math.sqrt(1 - signal[t]) * noise(0, i) for i, a in enumerate(x0)] for t in (0, 24, 49)},
    "ddpm": ddpm(),
    "ddim": ddim([49, 37, 25, 12, 0]),
}, indent=1))
