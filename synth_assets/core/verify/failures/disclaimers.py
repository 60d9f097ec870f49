"""«As an AI language model»: an answer that speaks of what wrote it. In English."""

import re

from synth_assets.core.config.names import Written
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failures.turn import Fault, Look, Turn, excused_by, has_any
from synth_assets.core.verify.reading.folding import clipped

_KEYS = (" ai", "language model", "artificial intel", "openai", "chatgpt", "my training",
         "my knowledge", "my last", "chatbot", "virtual assistant", "personal", "real-time",
         "trained by", "created by", "developed by", "machine learning")  # fmt: skip
_AI = (
    r"(?:(?:\w+[ -]){0,3}(?:language model|machine learning model|llm|chatbot|virtual assistant)"
    r"|(?:\w+[ -])?(?:ai|artificial intelligence)"
    r"(?: (?:language )?(?:model|assistant|chatbot|system|program))?)"
)
_MAKERS = r"(?:openai|anthropic|google|meta|mistral|deepseek|alibaba|microsoft)"
_SELF = re.compile(
    rf"\b(?:as|being|since i(?:'m| am)|because i(?:'m| am)) an? {_AI}"
    r"(?:,| (?:i|my)\b| trained| developed)"
    rf"|\bi(?:'m| am)(?: just| only| merely| simply| actually| still)? an? {_AI}"
    r"(?=[.,;!]|$| (?:and|but|so|that|which|trained|developed|designed|created|without|i)\b)"
    rf"|\bi (?:was|am|have been) (?:trained|developed|created|made|built) by {_MAKERS}\b"
    r"|\b(?:as of|in|after|since|up to|beyond|until) my (?:last |latest )?(?:knowledge|training)"
    r"(?: data)?(?: update| cut-?off)\b"
    r"|\bmy (?:knowledge|training) (?:data )?(?:cut-?off|only goes)"
    r"|\bas of my last (?:knowledge |training )?update"
    r"|\bi (?:do not|don't) have (?:any )?personal (?:opinions?|beliefs?|feelings|emotions"
    r"|experiences?|preferences?)(?:,| or| and)\b"
    r"|\bi (?:do not|don't|cannot|can't) (?:have access to|access|browse) (?:the internet|real-time"
    r"|live data|current data)"
)


class AiDisclaimers(Written):
    """The answer does not speak of itself as a model.

    Attributes:
        unless_prompt_has: it may where one of these words stands in the message it answers or
            before it (`robot*`: any ending), as in a play where it has the part of a machine.
    """

    unless_prompt_has: tuple[str, ...] = (
        "ai", "a.i.", "ais", "agi", "artificial*", "chatbot*", "bot", "bots", "gpt*", "chatgpt*",
        "language model*", "llm*", "openai", "robot*", "android*", "cyborg*", "siri",
        "alexa", "cortana", "jarvis", "hal 9000", "virtual assistant*", "digital assistant*",
        "sentient*", "hologram*", "are you", "do you", "you feel", "your opinion*",
        "your favo*", "open assistant", "assistant",
    )  # fmt: skip

    def look(self) -> Look:
        """Make the check."""
        excused = excused_by(self.unless_prompt_has)

        def check(turn: Turn) -> Fault | None:
            text = turn.lowered
            if not has_any(text, _KEYS):
                return None
            match = _SELF.search(text)
            if match is None or excused(turn.known):
                return None
            return Fault(Reason.AI_DISCLAIMER, f"speaks as a model: {clipped(match.group())}")

        return check
