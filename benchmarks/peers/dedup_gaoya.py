"""gaoya: its own words, cut in Rust, and its check of the signatures behind the bands."""

from array import array

from gaoya.minhash import MinHashStringIndex

from benchmarks.peers.dedup_job import PERMUTATIONS, SHINGLE, Found, Job, run_tool


def find(job: Job) -> Found:
    """All pairs whose signatures are similar enough."""
    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=job.threshold,
        num_bands=None,
        band_size=None,
        num_hashes=PERMUTATIONS,
        analyzer="word",
        lowercase=True,
        ngram_range=(SHINGLE, SHINGLE),
    )
    index.par_bulk_insert_docs(list(range(len(job.texts))), job.texts)
    pairs = array("q")
    for row, found in enumerate(index.par_bulk_query(job.texts)):
        for other in found:
            if other < row:
                pairs.extend((other, row))
    return Found(pairs=pairs)


if __name__ == "__main__":
    run_tool(find, lambda job: job.texts)
