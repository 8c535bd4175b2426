"""
Training steps in PyTorch, eager, float32: what `npm run bench -- train` compares with.

    python train.py CONFIG.json BATCH LENGTH

Each line on standard input asks for one step over all weights; the answer is {"ms": ..., "peakBytes": ...}.
"""
import json
import resource
import sys
import time

import torch
from transformers import BertConfig, BertForQuestionAnswering

config = BertConfig.from_json_file(sys.argv[1])
config._attn_implementation = "eager"
batch, length = int(sys.argv[2]), int(sys.argv[3])
torch.manual_seed(13)
model = BertForQuestionAnswering(config).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
ids = torch.randint(1000, config.vocab_size, (batch, length))
types = torch.zeros_like(ids)
starts = torch.randint(0, length, (batch,))
ends = torch.randint(0, length, (batch,))

for _ in sys.stdin:
    began = time.perf_counter()
    optimizer.zero_grad()
    model(ids, token_type_ids=types, start_positions=starts, end_positions=ends).loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    elapsed = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"ms": elapsed * 1000, "peakBytes": peak}), flush=True)
