"""
Runs tasks of an experiment on a Ray cluster: one Ray task each, which starts the library's worker (src/engine/worker) on its node.
Lines of JSON come in on stdin and go out on stdout, as src/engine/ray.ts writes and reads them:
  in:  {"address", "command", "cwd", "env", "begin", "cpus", "memory", "retries"}, then {"task": id}; the end of stdin stops all
  out: {"ready": true, "nodes": n}, {"progress"}, {"said"}, {"done": id}, {"failed": id, "error"}, {"fault"}
Code is not shipped: node_modules and the native backend are larger than what Ray uploads, and compiled. Every node sees the same
checkout, cache and results under the same paths, and the worker refuses another version of the code.
"""
import json
import os
import subprocess
import sys
import threading

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy


def out(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def failure(error):
    text = str(error).strip().splitlines()
    return {"name": type(error).__name__, "message": text[-1] if text else type(error).__name__}


class Listener:
    """Takes what workers say, on the driver's own node."""

    def __init__(self):
        self.lines = []

    def hear(self, line):
        self.lines.append(line)

    def drain(self):
        lines, self.lines = self.lines, []
        return lines


def run(task, begin, command, cwd, env, listener):
    """On a node: one task in a worker of its own. Returns the worker's last word on it."""
    worker = subprocess.Popen(command, cwd=cwd, env={**os.environ, **env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    complaint = []
    reader = threading.Thread(target=lambda: complaint.extend(worker.stderr.read().splitlines()[-20:]), daemon=True)
    reader.start()
    try:
        worker.stdin.write(begin + "\n" + json.dumps({"task": task}) + "\n")
        worker.stdin.flush()
        for line in worker.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue
            if "done" in message or "failed" in message or "fault" in message:
                return message
            if "ready" not in message:
                listener.hear.remote(line)
    except BrokenPipeError:
        pass
    finally:
        worker.stdin.close()
        worker.terminate()  # it keeps a checkpoint, and ends
        worker.wait()
    reader.join(5)
    raise RuntimeError("a worker ended by itself in the middle of " + task + ": " + " ".join(complaint)[-500:])


def main():
    given = json.loads(sys.stdin.readline())
    address = given.get("address")
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **({} if address else {"num_cpus": given["localCpus"], "include_dashboard": False}))
    except Exception as error:  # of many kinds: no cluster, another version, no credentials
        out({"fault": failure(error)})
        return 1
    here = ray.get_runtime_context().get_node_id()
    listener = ray.remote(Listener).options(num_cpus=0, scheduling_strategy=NodeAffinitySchedulingStrategy(here, soft=False)).remote()
    options = {"num_cpus": given["cpus"], "max_retries": given["retries"], "retry_exceptions": [RuntimeError]}
    if given.get("memory"):
        options["memory"] = given["memory"]
    remote = ray.remote(run).options(**options)
    pending = {}
    waiting = []
    changed = threading.Condition()
    ended = False

    def read():
        nonlocal ended
        for line in sys.stdin:
            with changed:
                waiting.append(json.loads(line)["task"])
        with changed:
            ended = True

    threading.Thread(target=read, daemon=True).start()
    out({"ready": True, "nodes": sum(1 for node in ray.nodes() if node["Alive"])})
    while True:
        with changed:
            fresh, waiting[:] = list(waiting), []
            stop = ended
        for task in fresh:
            pending[remote.options(name=task).remote(task, json.dumps(given["begin"]), given["command"], given["cwd"], given["env"], listener)] = task
        if stop:
            for reference in pending:
                ray.cancel(reference)
            if pending:
                ray.wait(list(pending), num_returns=len(pending), timeout=60)
            return 0
        for line in ray.get(listener.drain.remote()):
            out(json.loads(line))
        done, _ = ray.wait(list(pending), timeout=0.2) if pending else ([], [])
        if not pending:
            threading.Event().wait(0.2)
        for reference in done:
            task = pending.pop(reference)
            try:
                out(ray.get(reference))
            except Exception as error:  # the task's own, or of the cluster
                out({"failed": task, "error": failure(error)})


if __name__ == "__main__":
    sys.exit(main())
