"""datasketch, as its README shows it (`readme`) and with its batch functions (`bulk`)."""

from array import array

from datasketch import MinHash, MinHashLSH

from benchmarks.peers.dedup_job import PERMUTATIONS, Found, Job, run_tool


def find(job: Job) -> Found:
    """All pairs that share a band: each text is inserted, and asked for."""
    index = MinHashLSH(threshold=job.threshold, num_perm=PERMUTATIONS)
    if job.lane == "readme":
        signatures = [_signature(words) for words in job.cut()]
    else:
        encoded = ([word.encode() for word in words] for words in job.cut())
        signatures = list(MinHash.generator(encoded, num_perm=PERMUTATIONS))
    pairs = array("q")
    if job.lane == "readme":
        for row, signature in enumerate(signatures):
            index.insert(str(row), signature)
    else:
        with index.insertion_session() as session:
            for row, signature in enumerate(signatures):
                session.insert(str(row), signature)
    for row, signature in enumerate(signatures):
        for other in index.query(signature):
            if (number := int(other)) < row:
                pairs.extend((number, row))
    return Found(pairs=pairs)


def _signature(words: list[str]) -> MinHash:
    signature = MinHash(num_perm=PERMUTATIONS)
    for word in words:
        signature.update(word.encode("utf8"))
    return signature


if __name__ == "__main__":
    run_tool(find, lambda job: job.texts, cuts=True)
