"""Kernels side by side: time to the first answer and to the first result, trivial cells, memory. Prints JSON.

    .venv/bin/python bench/python/kernels.py --runs 5 --library

Kernels take turns, so that what else the machine does hits all of them. tslab's kernelspec is written into a temporary
folder; ours is found by JUPYTER_PATH; ipykernel is the environment's own.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[2]
TRIVIAL = "1 + {}"
LIBRARY = {"sessionlab": "lab.models.markov.make({}).constructor.name", "tslab": 'import * as lab from "./dist/index"; lab.models.markov.make({}).constructor.name'}


def specs(folder):
    """A folder for JUPYTER_PATH with tslab's own kernelspec beside the checkout's."""
    target = Path(folder) / "kernels" / "tslab"
    target.mkdir(parents=True)
    argv = [str(ROOT / "node_modules" / ".bin" / "tslab"), "kernel", "--config-path", "{connection_file}"]
    (target / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "tslab", "language": "typescript"}))
    return os.pathsep.join([str(ROOT), str(folder)])


def memory(pid):
    """Resident megabytes of a process and all below it."""
    pids, found = [pid], 0
    while pids:
        one = pids.pop()
        try:
            found += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            pids += [int(child) for child in Path(f"/proc/{one}/task/{one}/children").read_text().split()]
        except OSError:
            pass
    return round(found / 1e6)


def execute(client, code):
    start = time.perf_counter()
    message = client.execute(code)
    while client.get_shell_msg(timeout=120)["parent_header"].get("msg_id") != message:
        pass
    while True:
        found = client.get_iopub_msg(timeout=120)
        if found["parent_header"].get("msg_id") == message and found["content"].get("execution_state") == "idle":
            return 1000 * (time.perf_counter() - start)


def measure(name, cells, library):
    manager = KernelManager(kernel_name=name)
    start = time.perf_counter()
    manager.start_kernel(cwd=str(ROOT), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    ready = 1000 * (time.perf_counter() - start)
    try:
        first = execute(client, TRIVIAL.format(0))
        times = [execute(client, TRIVIAL.format(i)) for i in range(1, cells + 1)]
        pid = manager.provisioner.process.pid
        row = {"ready": ready, "first": first, "firstResult": ready + first, "trivial": statistics.median(times), "memory": memory(pid)}
        if library and name in LIBRARY:
            row["libraryFirst"] = execute(client, LIBRARY[name])
            row["libraryTrivial"] = statistics.median(execute(client, TRIVIAL.format(i)) for i in range(cells))
            row["libraryMemory"] = memory(pid)
        return row
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cells", type=int, default=50)
    parser.add_argument("--library", action="store_true")
    parser.add_argument("--kernels", default="sessionlab,tslab,python3")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_PATH"] = specs(folder)
        names = given.kernels.split(",")
        rows = {name: [] for name in names}
        for _ in range(given.runs):
            for name in names:
                rows[name].append(measure(name, given.cells, given.library))
    medians = {name: {key: round(statistics.median(row[key] for row in of)) for key in of[0]} for name, of in rows.items()}
    print(json.dumps({"bench": "kernels", "runs": given.runs, "cells": given.cells, "milliseconds and megabytes": medians}))


if __name__ == "__main__":
    main()
