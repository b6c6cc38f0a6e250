"""What bench/text-child.ts does, by sentence-transformers with its defaults (batches of 32, sorted by length)."""
import json
import re
import sys
import time

import sentence_transformers
import torch

model_folder, threads, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
titles = json.load(open(f"{folder}/titles.json", encoding="utf8"))
model = sentence_transformers.SentenceTransformer(model_folder, device="cpu")
model.encode(titles[:64], show_progress_bar=False)  # warmed up
cpu, wall = time.process_time(), time.perf_counter()
vectors = model.encode(titles, show_progress_bar=False, convert_to_numpy=True)
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
vectors.astype("<f4").tofile(f"{folder}/peer.bin")
status = open("/proc/self/status").read() if sys.platform == "linux" else ""
peak = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
print(json.dumps({"wallMs": 1000 * wall, "cpuMs": 1000 * cpu, "peakBytes": 1024 * int(peak[1]) if peak else 0, "version": sentence_transformers.__version__}))
