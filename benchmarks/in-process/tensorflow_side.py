"""Runs a SavedModel's default signature with TensorFlow: tensorflow_side.py MODEL THREADS.

Takes one JSON document per line: {"case": FILE} loads inputs and answers with the first output numbers,
{"rounds": N} runs N times and answers with milliseconds per run.
"""

import base64
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf

model_dir, threads = sys.argv[1], int(sys.argv[2])
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(1)
model = tf.saved_model.load(model_dir)
signature = model.signatures["serving_default"]
inputs = {}


def load(path):
    with open(path) as file:
        case = json.load(file)
    for name, tensor in case["inputs"].items():
        data = np.frombuffer(base64.b64decode(tensor["b64"]), tensor["dtype"])
        inputs[name] = tf.constant(data.reshape(tensor["shape"]))
    outputs = signature(**inputs)
    return {name: value.numpy().reshape(-1)[:8].astype(float).tolist() for name, value in outputs.items()}


def measure(rounds):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for value in signature(**inputs).values():
            value.numpy()
        times.append((time.perf_counter() - start) * 1e3)
    return times


print(json.dumps({"ready": tf.__version__}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    answer = {"outputs": load(asked["case"])} if "case" in asked else {"ms": measure(asked["rounds"])}
    print(json.dumps(answer), flush=True)
