"""Triton's own client on the Open Inference Protocol, REST and gRPC; prints one JSON object for each.

Usage: triton_client.py REST_ADDRESS GRPC_ADDRESS
The server serves models that answer with what they are given, by the names of their types.
"""

import json
import sys

import ml_dtypes
import numpy as np
import tritonclient.grpc as over_grpc
import tritonclient.http as over_http
from tritonclient.utils import InferenceServerException

rest_address, grpc_address = sys.argv[1:3]

VALUES = {
    "float": ("FP32", np.asarray([[1.5, -0.0, np.inf], [np.nan, 1e-40, 3.0]], np.float32)),
    "double": ("FP64", np.asarray([[0.1, 1e308]], np.float64)),
    "int32": ("INT32", np.asarray([[1, -(2**31), 2**31 - 1]], np.int32)),
    "int64": ("INT64", np.asarray([[2**63 - 1, -(2**63)]], np.int64)),
    "uint8": ("UINT8", np.asarray([[0, 255]], np.uint8)),
    "bool": ("BOOL", np.asarray([[True, False]], bool)),
    "half": ("FP16", np.asarray([[0.1, 65504]], np.float16)),
    "string": ("BYTES", np.asarray([["text", "", "Füße"]], object)),
}


def failure(call):
    try:
        call()
    except InferenceServerException as error:
        return [str(error.status()), error.message()]
    return None


def check(module, client, binary):
    """`binary`: arguments that make the REST client send and ask for binary tensors, or not."""
    out = {}

    def make(name, dtype, values):
        tensor = module.InferInput(name, list(values.shape), dtype)
        tensor.set_data_from_numpy(values, **binary)
        return tensor

    def infer(model, dtype, values, outputs=("default",), name="default", **more):
        asked = [module.InferRequestedOutput(each, **binary) for each in outputs] or None
        return client.infer(model, [make(name, dtype, values)], outputs=asked, **more)

    out["live"] = [client.is_server_live(), client.is_server_ready()]
    out["model_ready"] = [client.is_model_ready("float"), client.is_model_ready("nope")]
    as_json = {"as_json": True} if module is over_grpc else {}
    out["server"] = client.get_server_metadata(**as_json)
    out["metadata"] = client.get_model_metadata("float", **as_json)
    out["index"] = client.get_model_repository_index(**as_json)

    same = {}
    for model, (dtype, values) in VALUES.items():
        if dtype == "FP16" and binary.get("binary_data") is False:
            continue
        got = infer(model, dtype, values).as_numpy("default")
        if dtype == "BYTES":
            # Text in JSON, bytes in a binary tensor.
            texts = [each if isinstance(each, str) else each.decode() for each in got.flat]
            same[model] = got.shape == values.shape and texts == list(values.flat)
        else:
            same[model] = got.shape == values.shape and got.tobytes() == values.tobytes()
    out["same"] = same

    if binary.get("binary_data") is not False:
        bf16 = np.asarray([[1.0, 3.140625]], ml_dtypes.bfloat16)
        tensor = module.InferInput("default", [1, 2], "BF16")
        tensor.set_data_from_numpy(bf16)
        answer = client.infer("bfloat16", [tensor])
        out["bf16"] = answer.as_numpy("default").astype(np.float32).tolist()

    x = np.asarray([[1, 2]], np.int32)
    answer = infer("int32", "INT32", x, request_id="a-1", parameters={"signature_name": "predict_images"})
    head = answer.get_response(**as_json)
    out["id"] = [head["id"], head["model_name"], head["model_version"]]
    out["version"] = infer("int32", "INT32", x, model_version="1").as_numpy("default").tolist()
    both = [make("int_tensor", "INT32", x), make("str_tensor", "BYTES", np.asarray([["a", "b"]], object))]
    one = client.infer("two", both, outputs=[module.InferRequestedOutput("int_tensor", **binary)])
    out["one_output"] = [one.as_numpy("int_tensor").tolist(), one.as_numpy("str_tensor") is None]
    out["all_outputs"] = sorted(each["name"] for each in client.infer("two", both).get_response(**as_json)["outputs"])

    out["unknown_model"] = failure(lambda: infer("nope", "INT32", x))
    out["unknown_version"] = failure(lambda: infer("int32", "INT32", x, model_version="9"))
    out["unknown_input"] = failure(lambda: infer("int32", "INT32", x, name="other"))
    out["unknown_output"] = failure(lambda: infer("int32", "INT32", x, outputs=("other",)))
    out["wrong_type"] = failure(lambda: infer("int32", "FP32", x.astype(np.float32)))
    out["sequence"] = failure(lambda: infer("int32", "INT32", x, sequence_id=7, sequence_start=True))
    large = np.arange(60000, dtype=np.float32).reshape(1, -1)
    out["large"] = bool(np.array_equal(infer("float", "FP32", large).as_numpy("default"), large))
    return out


def check_compression(client):
    large = np.zeros((1, 50000), np.float32)
    tensor = over_http.InferInput("default", [1, 50000], "FP32")
    tensor.set_data_from_numpy(large)
    packed = {"request_compression_algorithm": "gzip", "response_compression_algorithm": "gzip"}
    answer = client.infer("float", [tensor], **packed)
    return bool(np.array_equal(answer.as_numpy("default"), large))


def check_grpc_compression(client):
    tensor = over_grpc.InferInput("default", [1, 50000], "FP32")
    tensor.set_data_from_numpy(np.zeros((1, 50000), np.float32))
    answer = client.infer("float", [tensor], compression_algorithm="gzip", client_timeout=20)
    return answer.as_numpy("default").shape == (1, 50000)


def check_async(http_client, grpc_client):
    tensor = over_http.InferInput("default", [1], "FP32")
    tensor.set_data_from_numpy(np.asarray([4], np.float32))
    waiting = [http_client.async_infer("float", [tensor]) for _ in range(20)]
    return [each.get_result().as_numpy("default").tolist() for each in waiting]


http_client = over_http.InferenceServerClient(rest_address, concurrency=4)
grpc_client = over_grpc.InferenceServerClient(grpc_address)
print(
    json.dumps(
        {
            "rest binary": check(over_http, http_client, {}),
            "rest json": check(over_http, http_client, {"binary_data": False}),
            "grpc": check(over_grpc, grpc_client, {}),
            "compressed": [check_compression(http_client), check_grpc_compression(grpc_client)],
            "async": check_async(http_client, grpc_client),
        }
    )
)
