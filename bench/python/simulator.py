"""RecSim's interest evolution, its own classes, on the documents of bench/simulator.ts under random slates: one user steps at a time.

recsim imports gin's TensorFlow part for decorators, and a runner of agents that needs Dopamine; neither is used here, and stand-ins keep
TensorFlow out of the process."""
import json
import re
import sys
import time
import types

gin = types.ModuleType("gin")
gin.tf = types.ModuleType("gin.tf")
for module in (gin, gin.tf):
    module.configurable = lambda given=None, **_: given if callable(given) else (lambda one: one)
sys.modules.update({"gin": gin, "gin.tf": gin.tf, "recsim.simulator.runner_lib": types.ModuleType("recsim.simulator.runner_lib")})

import numpy as np

np.bool8 = np.bool_
from recsim import choice_model
from recsim.environments import interest_evolution as ie
from recsim.simulator import environment

plan = json.loads(sys.argv[1])
np.random.seed(plan["seed"])


class Documents(ie.UtilityModelVideoSampler):
    """The documents of the plan, one after another."""

    def sample_document(self):
        n = self._doc_count
        features = np.zeros(self._num_clusters)
        features[plan["topic"][n]] = 1.0
        self._doc_count += 1
        return self._doc_ctor(doc_id=n, cluster_id=plan["topic"][n], features=features, video_length=4.0, quality=plan["quality"][n])


user = ie.IEvUserModel(plan["slots"], choice_model_ctor=choice_model.MultinomialLogitChoiceModel, response_model_ctor=ie.IEvResponse, user_state_ctor=ie.IEvUserState, seed=plan["seed"])
documents = Documents(doc_ctor=ie.IEvVideo, seed=plan["seed"])
world = environment.SingleUserEnvironment(user, documents, len(plan["topic"]), plan["slots"], resample_documents=False)
rng = np.random.RandomState(plan["seed"])
steps = clicks = sessions = 0
started, clock = time.process_time(), time.perf_counter()
while steps < plan["steps"]:
    world.reset()
    done = False
    while not done:
        slate = rng.choice(len(plan["topic"]), plan["slots"], replace=False)
        _, _, responses, done = world.step(slate)
        steps += 1
        clicks += sum(response.clicked for response in responses)
    sessions += 1
cpu, wall = time.process_time() - started, time.perf_counter() - clock
status = open("/proc/self/status").read() if sys.platform == "linux" else ""
peak = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
print(json.dumps({"steps": steps, "sessions": sessions, "clicks": clicks, "cpuMs": 1000 * cpu, "wallMs": 1000 * wall, "peakBytes": 1024 * int(peak[1]) if peak else 0}))
