"""What bench/kg-child.ts does, as one writes it with scipy.sparse: relations as rows both ways, then two products."""
import json
import re
import sys
import time

import numpy as np
from scipy import sparse

ms, wall = [], []


def timed(work):
    cpu, clock = time.process_time(), time.perf_counter()
    value = work()
    ms.append(1000 * (time.process_time() - cpu))
    wall.append(1000 * (time.perf_counter() - clock))
    return value


def build(lists, nodes):
    graph = {}
    for name, (start, end, source, target) in lists.items():
        ones = np.ones(len(source), dtype=np.float32)
        rows = sparse.coo_matrix((ones, (source, target)), shape=(nodes[start], nodes[end])).tocsr()
        rows.sum_duplicates()  # sorts, merges, and counts what is there twice
        confidence = np.ones(rows.nnz, dtype=np.float32)
        origin = np.zeros(rows.nnz, dtype=np.uint16)
        graph[name] = rows, rows.T.tocsr(), confidence, origin
    return graph


def binary(matrix):
    return sparse.csr_matrix((np.ones(matrix.nnz, dtype=np.float32), matrix.indices, matrix.indptr), shape=matrix.shape)


def product(a, b):
    matrix = a @ b
    matrix.sort_indices()  # ascending within a row, as ours are
    return matrix


folder, plan = sys.argv[1], json.loads(sys.argv[2])
lists = {}
for one in plan["relations"]:
    columns = np.fromfile(f"{folder}/{one['name']}.bin", dtype=np.int32)
    lists[one["name"]] = one["from"], one["to"], columns[: one["edges"]], columns[one["edges"] :]
graph = timed(lambda: build(lists, plan["nodes"]))
counts = [graph[one["name"]][0].nnz for one in plan["relations"]]
author = timed(lambda: product(binary(graph["author"][0]), binary(graph["author"][1])))
counts += [author.nnz, int(author.sum(dtype=np.float64))]
user = timed(lambda: product(binary(graph["chose"][0]), binary(graph["author"][0])))
counts += [user.nnz, int(user.sum(dtype=np.float64))]
status = open("/proc/self/status").read() if sys.platform == "linux" else ""
peak = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
print(json.dumps({"ms": ms, "wallMs": wall, "peakBytes": 1024 * int(peak[1]) if peak else 0, "counts": counts}))
