"""rensa: `pairs` of its index, `stream` of its deduplicator, `flags` in one shot, `rho` flags.

A flag says that a row shares a band with some other one, not with which, so that nothing can be
removed by flags alone.
"""

from array import array

from rensa import RMinHash, RMinHashDeduplicator, RMinHashLSH

from benchmarks.peers.dedup_job import PERMUTATIONS, Found, Job, run_tool

_SEED = 42
_BANDS = 16


def find(job: Job) -> Found:
    """Do as the lane says."""
    match job.lane:
        case "pairs":
            return _pairs(job)
        case "stream":
            return _stream(job)
        case _:
            return _flags(job)


def _pairs(job: Job) -> Found:
    index = RMinHashLSH(threshold=job.threshold, num_perm=PERMUTATIONS, num_bands=_BANDS)
    signatures = RMinHash.from_token_sets(job.cut(), num_perm=PERMUTATIONS, seed=_SEED)
    index.insert_many(signatures)
    pairs = array("q")
    for row, signature in enumerate(signatures):
        for other in index.query(signature):
            if other < row:
                pairs.extend((other, row))
    return Found(pairs=pairs)


def _stream(job: Job) -> Found:
    index = RMinHashDeduplicator(threshold=job.threshold, num_perm=PERMUTATIONS, use_lsh=True)
    added = index.add_pairs((str(row), words) for row, words in enumerate(job.cut()))
    return Found(kept=[row for row, new in enumerate(added) if new])


def _flags(job: Job) -> Found:
    sketch = (
        RMinHash.digest_matrix_from_token_sets_rho
        if job.lane == "rho"
        else RMinHash.digest_matrix_from_token_sets
    )
    index = RMinHashLSH(threshold=job.threshold, num_perm=PERMUTATIONS, num_bands=_BANDS)
    matrix = sketch(job.cut(), num_perm=PERMUTATIONS, seed=_SEED)
    index.query_duplicate_flags_matrix_one_shot(matrix)
    return Found()


if __name__ == "__main__":
    run_tool(find, lambda job: job.texts, cuts=True)
