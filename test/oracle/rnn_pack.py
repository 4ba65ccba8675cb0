"""Packs models that layer_zoo/export.py exported, with their cases into one file for the tests.

    python rnn_pack.py DIR OUT.json.gz NAME [NAME …]
"""

import base64
import gzip
import json
import os
import sys


def files_of(folder):
    kept = {"saved_model.pb": "saved_model.pb"}
    variables = os.path.join(folder, "variables")
    if os.path.isdir(variables):
        kept.update({f"variables/{name}": f"variables/{name}" for name in sorted(os.listdir(variables))})
    made = {}
    for name, path in kept.items():
        with open(os.path.join(folder, path), "rb") as file:
            made[name] = base64.b64encode(file.read()).decode()
    return made


def main():
    folder, out, *names = sys.argv[1:]
    models = []
    for name in names:
        own = os.path.join(folder, name)
        cases = []
        for each in sorted(os.listdir(own)):
            if each.endswith(".json"):
                with open(os.path.join(own, each)) as file:
                    cases.append(json.load(file))
        models.append({"name": name, "files": files_of(os.path.join(own, "model")), "cases": cases})
    data = json.dumps({"models": models}).encode()
    with open(out, "wb") as file:
        file.write(gzip.compress(data, 9, mtime=0))


if __name__ == "__main__":
    main()
