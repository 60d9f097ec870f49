"""Which family a model is of, by its name: a judge favours what its own family wrote.

Panickssery et al., 2024, arXiv:2404.13076, show the preference; models of a family share data and
tuning, so that it reaches beyond the one model.
"""

import re

from synth_assets.core.config.teachers import Teacher

_FAMILIES: tuple[tuple[str, str], ...] = (
    # The first that fits counts: what a model was distilled into stands before what it came from.
    ("deepseek", r"deepseek"),
    ("claude", r"claude"),
    ("gemini", r"gemini|gemma|palm|bison|learnlm"),
    ("gpt", r"gpt(?!-?j\b|-?neo|4all)|chatgpt|o[134](?:-(?:mini|pro|preview))?|davinci|codex"),
    ("mistral", r"mi[sx]tral|ministral|magistral|codestral|devstral|pixtral"),
    ("qwen", r"qwen|qwq|qvq"),
    ("phi", r"phi"),
    ("grok", r"grok"),
    ("command", r"command|aya|c4ai"),
    ("granite", r"granite"),
    ("nova", r"nova"),
    ("jamba", r"jamba|jurassic"),
    ("glm", r"glm|chatglm"),
    ("kimi", r"kimi|moonshot"),
    ("minimax", r"minimax|abab"),
    ("yi", r"yi"),
    ("falcon", r"falcon"),
    ("olmo", r"olmo|tulu"),
    ("smollm", r"smollm"),
    ("llama", r"(?:code)?llama|vicuna|alpaca|guanaco|llava"),
)
"""A family shares its base models: Gemma and Gemini, Vicuna and Llama."""

_PATTERNS = tuple(
    (family, re.compile(rf"(?<![a-z])(?:{pattern})(?![a-z])")) for family, pattern in _FAMILIES
)
_PROVIDERS = {"embedded": "embedded"}
_MOST_CHARACTERS = 200


def family_of(model: str) -> str | None:
    """The family of a model by its LiteLLM name; none where the name tells none.

    The last part of the name decides, `llama` of `groq/llama-3-70b`; failing that, the parts
    before it, from the last: `openai/o3` serves a model, and `hosted_vllm/mine` does not say.
    """
    parts = [part for part in re.split(r"[/:@]", model.lower()[:_MOST_CHARACTERS]) if part]
    if parts and parts[0] in _PROVIDERS:
        return _PROVIDERS[parts[0]]
    for part in reversed(parts):
        for family, pattern in _PATTERNS:
            if pattern.search(part):
                return family
    return None


def family_of_teacher(teacher: Teacher) -> str | None:
    """What its entry says, else what its model's name tells."""
    return teacher.family.strip().lower() or family_of(teacher.model)
