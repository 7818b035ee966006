"""Times the same task with numpy: a million person-days of 50 foods, empirical concentrations, four percentiles, one thread.

Usage: python3 benches/peers/person_days.py FOLDER [DRAWS [BATCH]]; prints CPU seconds (best of three) and the percentiles.
"""
import csv
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
import numpy as np

folder = sys.argv[1]
draws = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
batch = int(sys.argv[3]) if len(sys.argv) > 3 else 20_000


def rows(name):
    with open(f"{folder}/{name}", newline="") as file:
        yield from csv.DictReader(file)


persons = list(rows("persons.csv"))
number = {row["person"]: at for at, row in enumerate(persons)}
weights = np.array([float(row["weight"]) for row in persons])
body = np.array([float(row["body_weight_kg"]) for row in persons])
events = list(rows("consumption.csv"))
days = sorted({row["day"] for row in events})
foods = sorted({row["food"] for row in events})
grams = np.zeros((len(persons) * len(days), len(foods)))
for row in events:
    day = number[row["person"]] * len(days) + days.index(row["day"])
    grams[day, foods.index(row["food"])] += float(row["grams"])
grams /= np.repeat(body, len(days))[:, None]
samples = {food: [] for food in foods}
for row in rows("concentrations.csv"):
    samples[row["food"]].append(float(row["value_mg_per_kg"]) if row["detected"] == "1" else 0.0)
samples = [np.array(samples[food]) for food in foods]
share = np.repeat(weights, len(days))
cumulated = np.cumsum(share / share.sum())

best = None
for _ in range(3):
    random = np.random.Generator(np.random.Philox(1))
    started = time.process_time()
    exposures = np.empty(draws)
    for start in range(0, draws, batch):
        size = min(batch, draws - start)
        day = np.searchsorted(cumulated, random.random(size))
        total = np.zeros(size)
        for food, values in enumerate(samples):
            amount = grams[day, food]
            eaten = np.nonzero(amount)[0]
            total[eaten] += amount[eaten] * values[random.integers(0, len(values), len(eaten))]
        exposures[start : start + size] = total
    found = np.percentile(exposures, [50, 95, 99, 99.9])
    used = time.process_time() - started
    best = used if best is None else min(best, used)
print(f"{best:.4f} CPU s, percentiles {found.tolist()}, numpy {np.__version__}")
