"""A TensorFlow Serving client as its users write it, unchanged but for the address; prints one JSON object.

Usage: grpc_client.py ADDRESS HALF_PLUS_TWO_DIR HALF_PLUS_THREE_DIR
The server serves HALF_PLUS_TWO_DIR under the name "half".
"""

import json
import sys

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

TIMEOUT_S = 30
address, half_dir, three_dir = sys.argv[1:4]
channel = grpc.insecure_channel(address)
prediction = prediction_service_pb2_grpc.PredictionServiceStub(channel)
models = model_service_pb2_grpc.ModelServiceStub(channel)
example = tf.train.Example(
    features=tf.train.Features(feature={"x": tf.train.Feature(float_list=tf.train.FloatList(value=[2.0]))})
)
out = {}


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        return [error.code().name, error.details()]
    return None


def predict(name, values):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.asarray(values, np.float32)))
    return prediction.Predict(request, TIMEOUT_S)


def check_prediction():
    answer = predict("half", [[1.0, 2.0], [3.0, 4.0]])
    out["predict"] = tf.make_ndarray(answer.outputs["y"]).tolist()
    out["signature"] = answer.model_spec.signature_name
    large = np.arange(300000, dtype=np.float32)
    y = tf.make_ndarray(predict("half", large).outputs["y"])
    out["large"] = bool(np.array_equal(y, large * np.float32(0.5) + np.float32(2)))

    classification = classification_pb2.ClassificationRequest()
    classification.model_spec.name = "half"
    classification.model_spec.signature_name = "classify_x_to_y"
    classification.input.example_list.examples.extend([example, example])
    classes = prediction.Classify(classification, TIMEOUT_S).result.classifications
    out["classify"] = [[each.score for each in row.classes] for row in classes]

    regression = regression_pb2.RegressionRequest()
    regression.model_spec.name = "half"
    regression.model_spec.signature_name = "regress_x_to_y"
    regression.input.example_list.examples.extend([example])
    regressions = prediction.Regress(regression, TIMEOUT_S).result.regressions
    out["regress"] = [each.value for each in regressions]

    multi = inference_pb2.MultiInferenceRequest()
    for signature, method in [("regress_x_to_y", "regress"), ("classify_x_to_y", "classify")]:
        task = multi.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name = "half"
        task.model_spec.signature_name = signature
    multi.input.example_list.examples.extend([example])
    first, second = prediction.MultiInference(multi, TIMEOUT_S).results
    out["multi"] = [
        first.regression_result.regressions[0].value,
        second.classification_result.classifications[0].classes[0].score,
    ]
    out["unknown"] = failure(lambda: predict("nope", [1.0]))


def check_facts():
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "half"
    packed = prediction.GetModelMetadata(request, TIMEOUT_S).metadata["signature_def"]
    signatures = get_model_metadata_pb2.SignatureDefMap()
    packed.Unpack(signatures)
    x = signatures.signature_def["serving_default"].inputs["x"]
    out["metadata"] = [x.dtype, sorted(signatures.signature_def)]

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "half"
    out["status"] = [
        [each.version, each.state] for each in models.GetModelStatus(request, TIMEOUT_S).model_version_status
    ]
    health = health_pb2_grpc.HealthStub(channel)
    out["health"] = health.Check(health_pb2.HealthCheckRequest(), TIMEOUT_S).status


def reload_with(**paths):
    request = model_management_pb2.ReloadConfigRequest()
    for name, path in paths.items():
        request.config.model_config_list.config.add(name=name, base_path=path, model_platform="tensorflow")
    return models.HandleReloadConfigRequest(request, TIMEOUT_S).status.error_code


def check_reload():
    out["reload_wrong"] = failure(lambda: reload_with(half=half_dir, lost="/no/such/directory"))
    out["after_wrong"] = tf.make_ndarray(predict("half", 2.0).outputs["y"]).tolist()
    out["reload"] = reload_with(half=half_dir, three=three_dir)
    out["after_reload"] = [tf.make_ndarray(predict(name, 2.0).outputs["y"]).tolist() for name in ("half", "three")]
    out["reload_away"] = reload_with(three=three_dir)
    out["gone"] = failure(lambda: predict("half", 2.0))


def list_services(version):
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    [answer] = call(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=TIMEOUT_S)
    return [each.name for each in answer.list_services_response.service]


def check_reflection():
    """Everything the client knows of these messages comes from the server."""
    out["services"] = {version: list_services(version) for version in ("v1", "v1alpha")}
    pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    out["methods"] = {
        name: [
            f"{method.name}({method.input_type.full_name}) {method.output_type.full_name}"
            for method in pool.FindServiceByName(name).methods
        ]
        for name in out["services"]["v1"]
    }
    out["any"] = pool.FindMessageTypeByName("tensorflow.serving.SignatureDefMap").full_name

    def call(service, method, values):
        found = pool.FindServiceByName(service).methods_by_name[method]
        request_class = message_factory.GetMessageClass(found.input_type)
        answer_class = message_factory.GetMessageClass(found.output_type)
        ask = channel.unary_unary(
            f"/{service}/{method}",
            request_serializer=request_class.SerializeToString,
            response_deserializer=answer_class.FromString,
        )
        return ask(request_class(**values), timeout=TIMEOUT_S)

    inference = "inference.GRPCInferenceService"
    tensor = {"name": "x", "datatype": "FP32", "shape": [2]}
    out["live"] = [
        call(inference, "ServerLive", {}).live,
        call(inference, "ServerReady", {}).ready,
        call(inference, "ModelReady", {"name": "half"}).ready,
        call(inference, "ModelReady", {"name": "nope"}).ready,
    ]
    metadata = call(inference, "ModelMetadata", {"name": "half"})
    out["oip_metadata"] = [metadata.platform, [[t.name, t.datatype, list(t.shape)] for t in metadata.inputs]]
    listed = call(
        inference,
        "ModelInfer",
        {"model_name": "half", "id": "7", "inputs": [{**tensor, "contents": {"fp32_contents": [2, 4]}}]},
    )
    out["infer"] = [listed.id, listed.model_version, list(listed.outputs[0].contents.fp32_contents)]
    raw = call(
        inference,
        "ModelInfer",
        {
            "model_name": "half",
            "inputs": [tensor],
            "raw_input_contents": [np.asarray([2, 4], np.float32).tobytes()],
        },
    )
    out["infer_raw"] = np.frombuffer(raw.raw_output_contents[0], np.float32).tolist()
    typed = call(
        "tensorflow.serving.PredictionService",
        "Predict",
        {
            "model_spec": {"name": "half"},
            "inputs": {"x": {"dtype": 1, "tensor_shape": {}, "float_val": [2.0]}},
        },
    )
    out["predict_reflected"] = list(typed.outputs["y"].float_val)


check_prediction()
check_facts()
check_reflection()
check_reload()
print(json.dumps(out))
