"""semhash with a static model that needs no download: a vector of chance for each word.

So its cosine is that of bags of words, and its own default threshold is used.
"""

from collections import Counter

import numpy as np
from model2vec import StaticModel
from semhash import SemHash
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from benchmarks.peers.dedup_job import Found, Job, run_tool

_WORDS = 50_000
_DIMENSIONS = 256
_THRESHOLD = 0.9


def find(job: Job) -> Found:
    """Vectors, its index, its own way to keep one of each group."""
    rows = [{"row": row, "text": text} for row, text in enumerate(job.texts)]
    index = SemHash.from_records(rows, columns=["text"], model=_model(job))
    result = index.self_deduplicate(threshold=_THRESHOLD)
    return Found(kept=[row["row"] for row in result.selected])


_made: list[StaticModel] = []


def _model(job: Job) -> StaticModel:
    if not _made:
        counts: Counter[str] = Counter()
        for text in job.texts:
            counts.update(text.lower().split())
        words = ["[UNK]", *(word for word, _ in counts.most_common(_WORDS))]
        numbers = {word: number for number, word in enumerate(words)}
        tokenizer = Tokenizer(models.WordLevel(numbers, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        vectors = np.random.default_rng(0).normal(size=(len(words), _DIMENSIONS))
        _made.append(StaticModel(vectors.astype(np.float32), tokenizer, normalize=True))
    return _made[0]


if __name__ == "__main__":
    run_tool(find, _model)
