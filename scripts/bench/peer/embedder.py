"""
Embedding and reading PDF with the field's own tools: what `npm run bench -- ingest` compares with.

    python embedder.py EMBEDDER_FOLDER

Each line on standard input is a request, each line on standard output its answer:
{"embed": [text, ...]} -> {"ms", "first"}: sentence-transformers on PyTorch, float32, its default batches; the first vector
{"pdf": path}          -> {"ms", "pages", "characters"}: text of every page, by pypdf
"""
import json
import sys
import time

from pypdf import PdfReader
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

transformer = Transformer(sys.argv[1], max_seq_length=256)
pooling = Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")
model = SentenceTransformer(modules=[transformer, pooling, Normalize()], device="cpu")


def embed(texts):
    return {"first": model.encode(texts)[0].tolist()}


def read_pdf(path):
    texts = [page.extract_text() for page in PdfReader(path).pages]
    return {"pages": len(texts), "characters": sum(map(len, texts))}


for line in sys.stdin:
    request = json.loads(line)
    began = time.perf_counter()
    answer = embed(request["embed"]) if "embed" in request else read_pdf(request["pdf"])
    print(json.dumps({"ms": (time.perf_counter() - began) * 1000, **answer}), flush=True)
