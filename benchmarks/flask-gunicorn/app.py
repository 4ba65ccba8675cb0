"""The classic recipe: a SavedModel behind Flask, to be run by gunicorn.

MODEL_DIR is the SavedModel. TF_THREADS, when set, is the number of TensorFlow's threads in each worker.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import numpy as np
import tensorflow as tf
from flask import Flask, jsonify, request

threads = os.environ.get("TF_THREADS")
if threads:
    tf.config.threading.set_intra_op_parallelism_threads(int(threads))
    tf.config.threading.set_inter_op_parallelism_threads(int(threads))

model = tf.saved_model.load(os.environ["MODEL_DIR"])
infer = model.signatures["serving_default"]
(input_name,) = infer.structured_input_signature[1]
(output_name,) = infer.structured_outputs

app = Flask(__name__)


@app.post("/predict")
def predict():
    instances = np.asarray(request.get_json()["instances"], dtype=np.float32)
    outputs = infer(**{input_name: tf.constant(instances)})
    return jsonify({"predictions": outputs[output_name].numpy().tolist()})
