"""The layer classes of Keras 3 and of tf_keras, and which of them a model is made of."""

import contextlib
import functools
import importlib
import inspect

GENERATIONS = {"keras": "keras.src.layers.layer", "tf_keras": "tf_keras.src.engine.base_layer"}

# Not layers that an exported model can have. Everything else must be in the zoo, layers that only do something in
# training too: what an export leaves of them is what is checked.
EXEMPT = {
    "Layer": "the base class",
    "Wrapper": "a base class",
    "AbstractRNNCell": "a base class",
    "InputSpec": "a description of inputs, no layer",
    "JaxLayer": "runs JAX, needs that framework",
    "FlaxLayer": "runs Flax, needs that framework",
    "TorchModuleWrapper": "runs PyTorch, can not be exported to TensorFlow",
}


def listed():
    """{generation: {class: other names of it}} and the exemptions."""
    found = {}
    for generation in GENERATIONS:
        layers = importlib.import_module(generation).layers
        own = {}
        for name in dir(layers):
            value = getattr(layers, name)
            if inspect.isclass(value):
                own.setdefault(value.__name__, []).append(name)
        found[generation] = {name: [alias for alias in aliases if alias != name] for name, aliases in own.items()}
    return {"classes": found, "exempt": EXEMPT}


def recording(original, generation, names):
    def init(self, *args, **kwargs):
        own = [each for each in type(self).__mro__ if each.__module__.startswith(f"{generation}.src.")]
        names.update(f"{generation}.{each.__name__}" for each in own[:1])
        return original(self, *args, **kwargs)

    return functools.wraps(original)(init)


@contextlib.contextmanager
def made():
    """Collects `<generation>.<class>` of every layer of Keras that is made meanwhile."""
    names, undo = set(), []
    for generation, module_name in GENERATIONS.items():
        base = importlib.import_module(module_name).Layer
        undo.append((base, base.__init__))
        base.__init__ = recording(base.__init__, generation, names)
    try:
        yield names
    finally:
        for base, original in undo:
            base.__init__ = original
