"""
Reading windows with the field's own tools: what `npm run bench -- reader` compares with.

    python reader.py MODEL_FOLDER

MODEL_FOLDER is a Hugging Face folder of a BertForQuestionAnswering. Each line on standard input is {"with", "batch", "length"};
the answer is {"ms"} of one run over that batch. "with" is "pytorch" (eager float32), "ort-fp32" (the graph that torch.onnx
writes) or "ort-int8" (that graph through onnxruntime.quantization.quantize_dynamic, all defaults).
"""
import json
import sys
import tempfile
import time
from pathlib import Path

import onnxruntime
import torch
from onnxruntime.quantization import quantize_dynamic
from transformers import AutoModelForQuestionAnswering

model = AutoModelForQuestionAnswering.from_pretrained(sys.argv[1], attn_implementation="eager").float().eval()
work = Path(tempfile.mkdtemp())
NAMES = ["input_ids", "attention_mask", "token_type_ids"]
AXES = {0: "batch", 1: "sequence"}


def export() -> dict:
    sample = torch.ones((2, 16), dtype=torch.long)
    plain, quantised = work / "fp32.onnx", work / "int8.onnx"
    torch.onnx.export(
        model,
        (sample, sample, torch.zeros_like(sample)),
        plain,
        input_names=NAMES,
        output_names=["start_logits", "end_logits"],
        dynamic_axes={name: AXES for name in [*NAMES, "start_logits", "end_logits"]},
        opset_version=17,
        dynamo=False,
    )
    quantize_dynamic(plain, quantised)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    open_session = lambda path: onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return {"ort-fp32": open_session(plain), "ort-int8": open_session(quantised)}


sessions = export()


def run(tool: str, feed: dict) -> None:
    if tool == "pytorch":
        with torch.no_grad():
            model(**feed)
    else:
        sessions[tool].run(None, {name: tensor.numpy() for name, tensor in feed.items()})


for line in sys.stdin:
    request = json.loads(line)
    ids = torch.randint(1000, model.config.vocab_size, (request["batch"], request["length"]))
    feed = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "token_type_ids": torch.zeros_like(ids)}
    began = time.perf_counter()
    run(request["with"], feed)
    print(json.dumps({"ms": (time.perf_counter() - began) * 1000}), flush=True)
