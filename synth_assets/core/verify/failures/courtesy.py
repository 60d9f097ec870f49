"""Answers of nothing but courtesy: «Sure! I'd be happy to help. Let me know!» In English."""

import re

from pydantic import Field

from synth_assets.core.config.names import Written
from synth_assets.core.schema import Reason
from synth_assets.core.verify.failures.turn import Fault, Look, Turn, listed
from synth_assets.core.verify.reading.folding import clipped

_SENTENCE = re.compile(r"(?<=[.!?\u2026])\s+|\n+")
_REST = r"(?: [\w']+){0,%d}"
_FEW, _SOME, _MANY = _REST % 6, _REST % 12, _REST % 16
_YES = (
    r"(?:yes|sure|certainly|of course|absolutely|definitely|hello|hi|hey|great|okay|ok)?"
    r"(?: there)?[,!. ]*"
)
_WILLING = r"(?:more than )?(?:happy|glad|delighted|pleased|thrilled|here) to (?:\w+ly )?"
_HELP = r"(?:help|assist|answer|do (?:that|this|it|so)|provide|share|explain|write|create|give)\b"
_PRAISED = r"(?:question|request|topic|idea|point|task)"
_COURTESIES = (
    r"(?:(?:yes|sure(?: thing)?|certainly|of course|absolutely|definitely|no problem|great|okay|ok"
    r"|alright|my pleasure|gladly|hello|hi|hey|greetings|dear user|understood|got it|thanks"
    r"|thank you|please)\b(?: there| again| friend)?[,.! ]*)+",
    r"(?:what an?|that(?:'s| is) an?|this is an?|an?)? ?(?:very |really |truly |such an? )*"
    r"(?:great|good|excellent|interesting|wonderful|fantastic|important|fascinating|insightful"
    rf"|thoughtful)(?: and \w+)? {_PRAISED}(?: to ask| you(?:'ve| have) asked)?",
    rf"{_YES}i(?:'d| would|'ll| will|'m| am) (?:be )?(?:\w+ly )?{_WILLING}{_HELP}{_SOME}",
    rf"i(?:'m| am) here (?:to help|for you){_FEW}",
    rf"{_YES}i can (?:certainly |definitely )?help(?: you)?"
    r"(?: with (?:that|this|it|your (?:question|request|task)))?",
    r"(?:please )?(?:feel free to|don't hesitate to|do not hesitate to)"
    rf" (?:ask|reach out|let me know|contact){_MANY}",
    rf"(?:please )?(?:just )?let me know(?: (?:if|how|what|when|whether|should){_MANY})?",
    rf"(?:please )?(?:just )?(?:tell me|say) (?:how|what|when|which|if|whether){_MANY}",
    rf"is there anything else{_SOME}|what else can i (?:do|help){_FEW}",
    rf"how (?:can|may) i (?:help|assist){_FEW}|what (?:can|may) i (?:do|help){_SOME}",
    rf"(?:thank you|thanks)(?: so much| very much| again)?(?: for{_SOME})?",
    r"you(?:'re| are) (?:very |most )?welcome",
    rf"i hope (?:this|that|it|you){_SOME}",
    r"have an? (?:great|nice|wonderful|good|lovely) (?:day|time|one)(?: ahead)?",
    rf"(?:best of|good) luck{_FEW}",
    rf"if you have any{_MANY}[, ]*(?:please )?(?:feel free|let me know|ask|i'm here)?{_SOME}",
    rf"i appreciate (?:your|the|you){_SOME}|it(?:'s| is) (?:my |always a )?pleasure{_SOME}",
)
_COURTESY = re.compile("|".join(f"(?:{each})" for each in _COURTESIES))
_STRIP = " \t*_#>\"'.!?,:;\u2026-~()\U0001f600\U0001f60a\U0001f642\U0001f389\U0001f44d"
_STARTS = listed(
    "yes sure certainly of absolutely definitely no great okay ok alright my gladly hello hi hey "
    "just say tell greetings dear understood got thanks thank please what that thats this a an "
    "very really such good excellent interesting wonderful fantastic important fascinating "
    "insightful thoughtful i id ill im feel dont do let is how you youre have best if it its truly"
)
# What may be the answer to a question, or a greeting that was asked for.
_ANSWERED = listed(
    "yes no absolutely definitely okay ok alright great hello hi hey there greetings thanks thank "
    "you so much very please problem got it good"
)
_LONGEST = 1000


class EmptyPoliteness(Written):
    """The answer says more than courtesies.

    Attributes:
        max_words: a longer answer is not looked at.
        unless_prompt_words: a message of at most so many words may be a greeting or thanks, and
            is answered in kind.
    """

    max_words: int = Field(default=80, ge=1)
    unless_prompt_words: int = Field(default=5, ge=0)

    def look(self) -> Look:
        """Make the check."""
        return self._look

    def _look(self, turn: Turn) -> Fault | None:
        words = turn.words
        if not words or words[0] not in _STARTS or len(words) > self.max_words:
            return None
        if len(turn.text) > _LONGEST or len(turn.asked.split()) <= self.unless_prompt_words:
            return None
        if _ANSWERED.issuperset(words):
            return None
        for raw in _SENTENCE.split(turn.lowered):
            sentence = raw.strip(_STRIP)
            if sentence and not _COURTESY.fullmatch(sentence):
                return None
        return Fault(Reason.EMPTY_POLITENESS, f"is nothing but courtesy: {clipped(turn.text)}")
