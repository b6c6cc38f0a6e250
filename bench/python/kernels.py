"""Kernels side by side: time to the first result, trivial cells, memory, empty and with the library loaded.

    .venv/bin/python bench/python/kernels.py                  a table, and whether ours is ahead; --json: the same as JSON

Kernels take turns, so that what else the machine does hits all of them; each number is the median of the runs. tslab's
kernelspec is written into a temporary folder; ours is found by JUPYTER_PATH; ipykernel is the environment's own, and has no
library to load. Ours is ahead in a time when it is no longer than tslab's, and in memory when it is at most 15 % more.
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


def measure(name, cells):
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
        if name in LIBRARY:
            row["libraryFirst"] = execute(client, LIBRARY[name])
            row["libraryTrivial"] = statistics.median(execute(client, TRIVIAL.format(i)) for i in range(cells))
            row["libraryMemory"] = memory(pid)
        return row
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


#: What is measured: its name, unit, and how many times tslab's value ours may be.
ROWS = {
    "ready": ("starts and answers", "ms", 1),
    "first": ("the first cell, 1 + 0", "ms", 1),
    "firstResult": ("time to the first result", "ms", 1),
    "trivial": ("a trivial cell", "ms", 1),
    "memory": ("memory then", "MB", 1.15),
    "libraryFirst": ("the library's first use, with its types", "ms", 1),
    "libraryTrivial": ("a trivial cell, library loaded", "ms", 1),
    "libraryMemory": ("memory, library loaded", "MB", 1.15),
}


def verdict(medians, key):
    """Whether ours is ahead of tslab's, and what the ratio is."""
    ours, theirs = (medians.get(name, {}).get(key) for name in ("sessionlab", "tslab"))
    if ours is None or theirs is None:
        return ""
    limit = ROWS[key][2]
    said = "ahead" if ours <= theirs else "within 15 %" if ours <= limit * theirs else "behind"
    return f"{said} ({ours / theirs:.2f})"


def table(medians):
    names = list(medians)
    lines = [["", *names, "ours to tslab's"]]
    for key, (title, unit, _) in ROWS.items():
        lines.append([title, *(f"{of[key]} {unit}" if key in of else "-" for of in medians.values()), verdict(medians, key)])
    widths = [max(len(line[c]) for line in lines) for c in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cells", type=int, default=50, help="trivial cells of a run")
    parser.add_argument("--kernels", default="sessionlab,tslab,python3")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JUPYTER_PATH"] = specs(folder)
        names = given.kernels.split(",")
        rows = {name: [] for name in names}
        for _ in range(given.runs):
            for name in names:
                rows[name].append(measure(name, given.cells))
    medians = {name: {key: round(statistics.median(row[key] for row in of)) for key in of[0]} for name, of in rows.items()}
    behind = [ROWS[key][0] for key in ROWS if verdict(medians, key).startswith("behind")]
    compared = [key for key in ROWS if verdict(medians, key) != ""]
    said = "" if not compared else f"behind in: {', '.join(behind)}" if behind else f"ahead of tslab, or within 15 % of its memory, in all {len(compared)}"
    if given.json:
        print(json.dumps({"bench": "kernels", "runs": given.runs, "milliseconds and megabytes": medians, "behind": behind}))
    else:
        print(f"{table(medians)}\n\nMedians of {given.runs} runs in turn, trivial cells medians of {given.cells} each. {said}".rstrip())


if __name__ == "__main__":
    main()
