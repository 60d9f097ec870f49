"""Texts with known habits for clusters to deduplicate."""

import random


def made_texts(count: int, seed: int) -> list[str]:
    """A third of them are changed copies of one before, some to the letter."""
    draw = random.Random(seed)
    words = [f"{letter}{number}" for letter in "abcdéж語" for number in range(40)]
    texts: list[str] = []
    for _ in range(count):
        said = draw.choices(words, k=draw.randint(0, 60))
        if texts and draw.random() < 0.35:
            said = draw.choice(texts[-200:]).split()
            for _ in range(draw.randint(0, 4) if said else 0):
                said[draw.randrange(len(said))] = draw.choice(words)
        texts.append(" ".join(said))
    return texts
