"""
A model folder as the field's own tools see it: what scripts/check-interop.mjs compares with.

    python interop.py MODEL_FOLDER

Each line on standard input is a request, each line on standard output its answer:
{"check": "tokenizer", "texts"}             -> for each text {"ids", "offsets"} in code points, of AutoTokenizer
{"check": "logits", "graphs", "inputs"}     -> {"loading", "dtype", "logits"}: [start, end] for each input, each run alone
{"check": "checker", "path"}                -> {"problem", "operators", "domains"} of a graph
{"check": "adapter", "path", "inputs"}      -> {"loading", "logits"} of the model with the PEFT adapter in `path` merged into it
{"check": "optimum", "inputs", "file"}      -> {"version", "logits", "problem"}; no version where it is not installed
"""
import json
import os
import sys
import warnings

import numpy
import onnx
import onnxruntime
import torch
from peft import PeftModel
from transformers import AutoModelForQuestionAnswering, AutoTokenizer

folder = sys.argv[1]
NAMES = ("input_ids", "attention_mask", "token_type_ids")


def tokenizer(texts):
    fast = AutoTokenizer.from_pretrained(folder)
    encodings = [fast(text, add_special_tokens=False, return_offsets_mapping=True) for text in texts]
    return [{"ids": encoding["input_ids"], "offsets": encoding["offset_mapping"]} for encoding in encodings]


def feed(row, length=None):
    length = length or len(row["ids"])
    pad = lambda values: numpy.array([values + [0] * (length - len(values))], dtype=numpy.int64)
    return dict(zip(NAMES, (pad(row["ids"]), pad([1] * len(row["ids"])), pad(row["types"]))))


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def alone(path, inputs):
    opened = session(path)
    return [[out[0].tolist() for out in opened.run(["start_logits", "end_logits"], feed(row))] for row in inputs]


def as_batch(path, inputs):
    length = max(len(row["ids"]) for row in inputs) + 3
    rows = [feed(row, length) for row in inputs]
    batch = {name: numpy.concatenate([row[name] for row in rows]) for name in NAMES}
    starts, ends = session(path).run(["start_logits", "end_logits"], batch)
    return [[starts[at][: len(row["ids"])].tolist(), ends[at][: len(row["ids"])].tolist()] for at, row in enumerate(inputs)]


def logits_of(model, inputs):
    with torch.no_grad():
        outputs = [model(**{name: torch.from_numpy(value) for name, value in feed(row).items()}) for row in inputs]
    return [[out.start_logits[0].tolist(), out.end_logits[0].tolist()] for out in outputs]


def by_transformers(inputs):
    model, info = AutoModelForQuestionAnswering.from_pretrained(folder, output_loading_info=True)
    dtype = str(model.dtype).removeprefix("torch.")
    # No version of it loads an unused key or a head of its own without saying so here.
    loading = sorted(str(key) for kind in ("missing_keys", "unexpected_keys", "mismatched_keys") for key in info[kind])
    return loading, dtype, logits_of(model.float().eval(), inputs)


def logits(graphs, inputs):
    loading, dtype, model = by_transformers(inputs)
    found = {form: alone(path, inputs) for form, path in graphs.items()}
    found["standard_padded"] = as_batch(graphs["standard"], inputs[:8]) + found["standard"][8:]
    return {"loading": loading, "dtype": dtype, "logits": {"model": model, **found}}


def checker(path):
    graph = onnx.load(path)
    try:
        onnx.checker.check_model(path, full_check=True)
        problem = None
    except Exception as error:
        problem = str(error)
    operators = sorted({node.op_type for node in graph.graph.node})
    domains = [f"{one.domain or 'ai.onnx'} {one.version}" for one in graph.opset_import]
    return {"problem": problem, "operators": operators, "domains": domains}


def adapter(path, inputs):
    base = AutoModelForQuestionAnswering.from_pretrained(folder).float()
    # Merged first: PEFT's own forward of question answering leaves the token types out.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(base, path).merge_and_unload().eval()
    # What a release will rename is no complaint about the adapter.
    complaints = [str(one.message) for one in caught if not issubclass(one.category, (DeprecationWarning, FutureWarning))]
    return {"loading": complaints, "logits": logits_of(model, inputs)}


def by_optimum(inputs, file):
    try:
        from importlib.metadata import version

        from optimum.onnxruntime import ORTModelForQuestionAnswering
    except ImportError as error:
        return {"version": None, "problem": str(error)}
    try:
        subfolder, name = os.path.split(file)
        model = ORTModelForQuestionAnswering.from_pretrained(folder, subfolder=subfolder, file_name=name)
        return {"version": version("optimum"), "logits": logits_of(model, inputs), "problem": None}
    except Exception as error:
        return {"version": version("optimum"), "problem": repr(error)}


CHECKS = {"tokenizer": tokenizer, "logits": logits, "checker": checker, "adapter": adapter, "optimum": by_optimum}
for line in sys.stdin:
    request = json.loads(line)
    answer = CHECKS[request.pop("check")](**request)
    print(json.dumps(answer), flush=True)
