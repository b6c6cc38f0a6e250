"""
Runs tasks of an experiment on a Ray cluster: one Ray task each, which starts the library's worker (src/engine/worker) on its node.
src/engine/ray.ts speaks with it in lines of JSON, on stdin and stdout:
  in:  {"address", "cpus", "ship", "worker", "node", "cwd", "env", "folders", "begin", "retries"}, then {"task", "request": {"cores", "memory", "gpus"}};
       the end of stdin stops all
  out: {"cluster": {"cores": of each node}}, {"of": task, "heard": what its worker said, or {"started": node}}, {"fault": {"name", "message"}}
The code travels in Ray's runtime environment. Its packages (node_modules, compiled libraries: 2 GB) do not: every node has set-up
done, in the same folder or in the one that SESSIONLAB_INSTALL names there. Data, cache and results are in folders that all nodes see.
"""
import collections
import json
import os
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import types

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told of this
os.environ.setdefault("RAY_worker_niceness", "0")  # of a cluster that is started here: tasks are no less than this machine's other work

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

SPEECH = os.fdopen(os.dup(1), "w")
SPOKEN = threading.Lock()


def say(message):
    with SPOKEN:
        SPEECH.write(json.dumps(message) + "\n")
        SPEECH.flush()


def failure(error, whole=False):
    """Of an error; the last line of a remote one, which is a traceback."""
    lines = [line.strip() for line in str(error).strip().splitlines() if line.strip()] or ["no message"]
    return {"name": type(error).__name__, "message": " ".join(lines)[:800] if whole else lines[-1]}


class WorkerLost(Exception):
    """A worker ended by itself: Ray starts its task anew."""


class Listener:
    """Takes what workers say, on the driver's own node."""

    def __init__(self):
        self.said = []
        self.starts = {}

    def hear(self, task, message):
        self.said.append((task, message))

    def start(self, task, node):
        """A task begins, on a node; not for the first time where its worker or node was lost."""
        before, self.starts[task] = self.starts.get(task), node
        if before is not None:
            self.hear(task, {"said": f"{task} was lost on {before}; it goes on on {node}"})
        self.hear(task, {"started": node})

    def drain(self):
        said, self.said = self.said, []
        return said


def installed(given):
    """Puts this node's packages beside the code that was shipped to it. Returns how to start a worker, or why not."""
    here = os.environ.get("SESSIONLAB_INSTALL", given["ship"]["folder"])
    packages = os.path.join(here, "node_modules")
    if not os.path.isdir(packages):
        return None, f"Expected the library's packages in {packages}, found no such folder; run set-up there, or name the folder that has them in SESSIONLAB_INSTALL before ray start"
    missing = [folder for folder in given["folders"] if not os.path.isdir(folder)]
    if missing:
        return None, f"Expected the folder {missing[0]} of the machine that the command was started on, found none; data, cache and results must be in folders that all nodes see"
    try:
        os.symlink(packages, "node_modules", target_is_directory=True)
    except FileExistsError:
        pass  # another task of this node made it
    node = given["node"] if os.path.exists(given["node"]) else shutil.which("node")
    if node is None:
        return None, f"Expected Node at {given['node']} or on the PATH, found none; install it there"
    return [node, *given["worker"]["options"], os.path.abspath(given["worker"]["module"])], None


class Worker:
    """The library's worker, as a process of this node."""

    def __init__(self, command, given):
        self.begin = given["begin"]
        env = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}  # Ray sets it
        cwd = given["cwd"] if os.path.isdir(given["cwd"]) else None
        self.process = subprocess.Popen(command, cwd=cwd, env={**env, **given["env"]}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.heard, self.complaint = queue.Queue(), collections.deque(maxlen=5)
        self.complaints = threading.Thread(target=lambda: self.complaint.extend(self.process.stderr), daemon=True)
        self.complaints.start()
        threading.Thread(target=self.read, daemon=True).start()
        self.say(self.begin)

    def read(self):
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:
                continue  # a library's remark
            if isinstance(message, dict):
                self.heard.put(message)
        self.heard.put(None)

    def say(self, message):
        try:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it ended: that is heard

    def hear(self):
        """What it says next; None where it ended. In pieces of time, because only between them a task can be cancelled."""
        while True:
            try:
                return self.heard.get(timeout=0.2)
            except queue.Empty:
                continue

    def end(self):
        """Lets it keep a checkpoint, and end."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def run(task, given, listener):
    """On a node: one task, in a worker that stays for the next one. Returns the worker's last word on it."""
    name = socket.gethostname() + " (" + ray.get_runtime_context().get_node_id()[:6] + ")"
    listener.start.remote(task, name)
    kept = sys.modules.setdefault("sessionlab_kept", types.ModuleType("sessionlab_kept"))  # by this process of Ray's
    worker = kept.__dict__.pop("worker", None)
    if worker is not None and (worker.begin != given["begin"] or worker.process.poll() is not None):
        worker.end()
        worker = None
    if worker is None:
        command, wrong = installed(given)
        if wrong is not None:
            return {"fault": {"name": "ConfigError", "message": f"{wrong} (on {name})"}}
        worker = Worker(command, given)
    try:
        worker.say({"task": task})
        last = None
        while (message := worker.hear()) is not None:
            if "done" in message or "failed" in message or "fault" in message:
                if last is not None:
                    ray.wait([last])  # what it said before comes before
                if "fault" not in message:
                    kept.worker = worker
                return message
            if "said" in message:
                print(message["said"], flush=True)  # for Ray's own log of this task
            if "ready" not in message:
                last = listener.hear.remote(task, message)
    finally:
        if "worker" not in kept.__dict__:
            worker.end()
    worker.complaints.join(5)
    told = " ".join(part.strip() for part in worker.complaint)[-500:]
    raise WorkerLost(f"a worker ended by {worker.process.returncode} in the middle of {task} on {name}" + (f": {told}" if told else ""))


def shipped(ship):
    """A folder of the code alone, which Ray packs."""
    folder = tempfile.mkdtemp(prefix="sessionlab-code-")
    for part in ship["parts"]:
        source, target = os.path.join(ship["folder"], part), os.path.join(folder, part)
        shutil.copytree(source, target) if os.path.isdir(source) else shutil.copyfile(source, target)
    return folder


def reach(address, seconds=10):
    """Raises OSError where nobody listens."""
    host, port = address.rsplit(":", 1)
    socket.create_connection((host.strip("[]"), int(port)), timeout=seconds).close()


def admitted(address):
    """Raises AuthenticationError for a wrong token; ray.init tries for long, and then does not say so."""
    try:
        ray._raylet.GcsClient(address=address)
    except ray.exceptions.AuthenticationError:
        raise
    except Exception:
        pass  # ray.init says what it is


def watch(address):
    """Ends this process once the cluster's head is gone for as long as Ray itself would wait for it."""
    patience = float(os.environ.get("RAY_gcs_rpc_server_reconnect_timeout_s", "60"))
    seen = time.monotonic()
    while True:
        try:
            reach(address, 5)
            seen = time.monotonic()
        except OSError as error:
            if time.monotonic() - seen > patience:
                say({"fault": {"name": "ClusterGone", "message": f"its head at {address} has not answered for {patience:.0f} s ({error})"}})
                os._exit(1)
        time.sleep(1)


def connect(given, code):
    address = given.get("address")
    if address and address != "auto":
        reach(address)
        admitted(address)
    # The store of objects holds nothing but code: the smallest that Ray takes.
    own = {} if address else {"num_cpus": given["cpus"], "include_dashboard": False, "object_store_memory": 100 * 2**20}
    ray.init(address=address or "local", log_to_driver=False, logging_level="ERROR", runtime_env={"working_dir": code}, **own)


class Driver:
    def __init__(self, given):
        here = ray.get_runtime_context().get_node_id()
        placed = {"num_cpus": 0, "enable_task_events": False, "scheduling_strategy": NodeAffinitySchedulingStrategy(here, soft=False)}
        self.listener = ray.remote(Listener).options(**placed).remote()
        self.given = {key: given[key] for key in ("ship", "worker", "node", "cwd", "env", "folders", "begin")}
        self.remote = ray.remote(max_retries=given["retries"], retry_exceptions=[WorkerLost])(run)
        self.pending = {}
        self.cluster = None
        self.looked = -1e9

    def submit(self, task, request):
        options = {"name": task, "num_cpus": request["cores"], "num_gpus": request["gpus"]}
        if request.get("memory"):
            options["memory"] = request["memory"]
        self.pending[self.remote.options(**options).remote(task, self.given, self.listener)] = task

    def look(self):
        """Tells how large the cluster is, where that has changed."""
        if time.monotonic() - self.looked < 2:
            return
        self.looked = time.monotonic()
        cluster = {"cores": [node["Resources"].get("CPU", 0) for node in ray.nodes() if node["Alive"]]}
        if cluster != self.cluster:
            self.cluster = cluster
            say({"cluster": cluster})

    def hear(self):
        for task, message in ray.get(self.listener.drain.remote()):
            say({"of": task, "heard": message})

    def collect(self):
        """Waits a moment for tasks to end, and tells of them."""
        if not self.pending:
            time.sleep(0.2)
        done, _ = ray.wait(list(self.pending), num_returns=len(self.pending), timeout=0.2) if self.pending else ([], [])
        self.hear()
        for reference in done:
            task = self.pending.pop(reference)
            try:
                word = ray.get(reference)
                say(word if "fault" in word else {"of": task, "heard": word})
            except Exception as error:  # its worker or node was lost too often
                say({"of": task, "heard": {"failed": task, "error": failure(error)}})

    def cancel(self):
        """Lets running tasks keep their checkpoints."""
        for reference in self.pending:
            ray.cancel(reference)
        if self.pending:
            ray.wait(list(self.pending), num_returns=len(self.pending), timeout=70)


def main():
    given = json.loads(sys.stdin.readline())
    code = shipped(given["ship"])
    try:
        connect(given, code)
    except (Exception, SystemExit) as error:  # of many kinds: nobody there, another version, no credentials
        say({"fault": failure(error, whole=True)})
        return 1
    finally:
        shutil.rmtree(code, ignore_errors=True)
    threading.Thread(target=watch, args=(ray.get_runtime_context().gcs_address,), daemon=True).start()
    asked = queue.Queue()

    def read():
        for line in sys.stdin:
            asked.put(json.loads(line))
        asked.put(None)

    threading.Thread(target=read, daemon=True).start()
    driver = Driver(given)
    while True:
        driver.look()
        while not asked.empty():
            message = asked.get()
            if message is None:
                driver.cancel()
                driver.hear()
                return 0
            driver.submit(message["task"], message["request"])
        driver.collect()


if __name__ == "__main__":
    sys.exit(main())
