"""What bench/prepare-child.ts does, as one writes it with pandas: a log of events from CSV to split sessions."""
import json
import re
import sys
import time

import numpy as np
import pandas as pd


def prepare(file):
    laps = [time.perf_counter()]
    events = pd.read_csv(file, usecols=["user_id", "item_id", "timestamp"])
    laps.append(time.perf_counter())
    events = events.sort_values(["user_id", "timestamp"], kind="stable", ignore_index=True)
    starts = (events.user_id != events.user_id.shift()) | (events.timestamp.diff() > 1800)
    events["session"] = starts.cumsum()
    events = events[events.groupby("session").cumcount(ascending=False) < 50]
    before = -1
    while before != len(events):
        before = len(events)
        events = events[events.groupby("item_id").item_id.transform("size") >= 5]
        events = events[events.groupby("session").session.transform("size") >= 2]
    laps.append(time.perf_counter())
    last = events.groupby("session").timestamp.transform("max").to_numpy()
    ends = np.sort(events.groupby("session").timestamp.max().to_numpy())
    cuts = [ends[int(round(len(ends) * share, 9))] for share in (0.7, 0.8, 0.9)]
    part = np.searchsorted(cuts, last, side="right")
    train = events[part == 0]
    items = pd.Index(train.item_id.unique())
    train = train.assign(item=items.get_indexer(train.item_id))
    counts = [len(train)]
    for period in (1, 2, 3):
        sessions = events[part == period]
        sessions = sessions.assign(item=items.get_indexer(sessions.item_id), place=sessions.groupby("session").cumcount())
        counts.append(int((sessions.place > 0).sum()))
    laps.append(time.perf_counter())
    return [round(1000 * (b - a)) for a, b in zip(laps, laps[1:])], counts


ms, counts = prepare(sys.argv[1])
status = open("/proc/self/status").read() if sys.platform == "linux" else ""
peak = re.search(r"^VmHWM:\s+(\d+) kB", status, re.M)
print(json.dumps({"ms": ms, "peakBytes": 1024 * int(peak[1]) if peak else 0, "counts": counts}))
