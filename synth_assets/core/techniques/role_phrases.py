"""Phrases that belong in one speaker's mouth: what assistants say, and what users say to them.

English, lower case, straight quotes. A phrase that people who ask for help say, too («could you
give me your address», «I don't have access to my account», «I've checked your prices») is none of
an assistant, however often one says it. What was measured stands in
docs/techniques/conversation.md.
"""

import re

_FILE = (
    r"(?:account|order|booking|reservation|request|profile|file|subscription|refund|ticket|details"
    r"|appointment|preferences?|payment|parcel|purchase|membership|policy|information)"
)
_NUMBER = (
    r"(?:(?:order|booking|account|reservation|customer|tracking|policy|membership|reference|member"
    r"|ticket|confirmation)(?: (?:number|id|code|details|name))"
    r"|full name|date of birth|last name|surname)"
)
_HELP = r"(?:help|assist|support)"
_I = r"\b(?:i|we)"

_WHO = (
    r"\bas an? (?:ai|artificial intelligence|(?:large )?language model|virtual assistant)"
    r"[\w ]{0,30}, i\b",
    r"\bi(?:'m| am) (?:just |only )?(?:an ai(?! \w+er\b)|your (?:virtual |digital "
    r"|personal )?assistant"
    r"|a virtual assistant|a (?:large )?language model)\b",
    r"\bas your (?:virtual |personal |digital )?assistant\b",
    r"\bi(?:'m| am) \w+,? (?:from|with) (?:the )?(?:customer|support|service|guest)\b",
    rf"{_I}(?:'ll| will) be (?:{_HELP}ing|taking care of|serving|looking after) you\b",
    r"\bi (?:was|have been) (?:told|asked|instructed) to (?:play|act|simulate)\b",
    r"\bmy (?:persona|assigned goal)\b|\bas the simulated user\b",
    r"\bi (?:don't|do not) have (?:personal (?:opinions|feelings|experiences)|access to your)\b",
)
_OFFERS = (
    rf"\b(?:how|what|where|which|who|when) (?:else )?(?:can|may|could|might) (?:i|we) "
    rf"(?:{_HELP} (?:you|with)|(?:do|get|find|bring|offer) (?:for )?you|be of|make your)",
    rf"\b(?:can|may|could) (?:i|we) (?:{_HELP} you|be of (?:help|service|assistance)"
    rf"|interest you)\b",
    r"\b(?:may|can|could) i (?:please )?(?:have|get|ask(?: you)? for|take) your (?:name|full|order"
    r"|booking|account|date|e-?mail address|phone number|reservation|customer)\b",
    rf"{_I}(?:'m| am|'re| are) (?:always )?here (?:to (?:help|assist|support|answer)|for you)\b"
    r"|\bi(?:'m| am) (?:happy|glad|delighted) to (?:help|assist)\b",
    rf"{_I}(?:'d| would|'ll| will) be (?:more than |very |only too )?(?:happy|glad|pleased"
    rf"|delighted) to "
    r"(?:help|assist|answer|explain|walk|guide|transfer|connect|provide|share|show)\b",
    rf"{_I}(?:'d| would) love to (?:{_HELP}|show|tell|walk|guide|hear more from) you\b",
    rf"{_I} can (?:certainly |definitely |absolutely |surely |gladly )?"
    rf"(?:{_HELP} (?:you|with (?:that|this))|direct you|refer you|guide you|walk you|point you"
    r"|connect you|transfer you)\b",
    r"(?:^|[.!?] )(?:i'm )?(?:always )?(?:happy|glad|pleased) to (?:help|assist)\b",
    rf"\b(?:is|was) there (?:anything|something) (?:(?:else|more|specific"
    rf"|in particular) )?(?:that )?"
    rf"(?:(?:i|we) can (?:{_HELP}|do for you)|you (?:need(?:ed)?|want(?:ed)?) {_HELP}"
    r"|you(?:'d| would) like(?: to (?:know|ask|add|order|discuss))?(?: today)?\?)",
    rf"\banything else (?:that )?(?:i|we) can (?:{_HELP}|do for you)\b",
    r"\b(?:would you like|do you want|want) (?:me|us) to\b",
    r"\bwould you like to (?:know|hear|see|pay|book|reserve|proceed|schedule|order|try|start|add"
    r"|learn|go ahead|continue|make)\b",
    r"\bwhat would you like (?:to (?:know|order|book|discuss|talk|learn|do)|me to|help)\b",
    r"\b(?:shall|can|may|could|should) (?:i|we) [^.?!]{1,60}? for you(?: today)?\?",
    r"\blet me (?:just |quickly )?(?:walk|guide|take|talk) you through\b",
    r"\blet me (?:just |quickly )?(?:check|look|find|pull|see|get|sort|arrange|book|do)"
    r"[^.?!]{0,25} for you\b",
    r"\bi(?:'ll| will) (?:just )?(?:sort|check|look|find|arrange|book|take care|get|have)"
    r"[^.?!]{0,30} for you\b",
    r"\bwhat (?:seems to be|appears to be) the (?:problem|issue|trouble|matter)\b",
    r"\bwhat brings you (?:in|here|to)\b|\bwho (?:am i|do i have the pleasure of) speaking\b",
    r"\bwhat are you looking for(?: today)?\?",
)
_CLOSINGS = (
    r"\b(?:let me know|feel free to (?:ask|reach|contact|come|call|let|message|get)"
    r"|just (?:ask|let me know)) if (?:you(?:'d| would) like|you (?:have|need|want|run|require"
    r"|still)"
    r"|there(?:'s| is) anything|anything is|any of)",
    r"\bfeel free to (?:ask(?! me\b)|reach out|contact|get in touch|come back|let me know)\b",
    r"\b(?:don't|do not) hesitate to (?:ask|contact|reach|call|get|let|write|come)\b",
    r"\b(?:if|should) (?:you|there(?:'s| is))(?: ever| still)?(?: have| need| want| require)? "
    r"(?:(?:any(?:thing)? )?(?:other|further|more|additional|else) (?:questions?|help|assistance"
    r"|concerns?|information|support|you(?:'d| would)? (?:need|like))|(?:anything"
    r"|something) else\b)",
    r"\bi hope (?:this|that) (?:helps|answers your|clarifies|was helpful|clears)\b",
    r"\b(?:glad|happy|pleased) (?:that )?(?:i|we) (?:could|can|was able to|were able to) "
    r"(?:help|assist|be of)\b",
    rf"\bpleasure (?:{_HELP}ing|serving|to (?:{_HELP}|serve)|doing business)\b",
    r"^(?:you're|you are) (?:very |most )?welcome\b",
    r"\bwe (?:look forward|are looking forward|can't wait) to (?:see|seeing|welcom|serv|hear)",
    r"\b(?:that's|this is|it's) (?:a |an )(?:great|excellent|good|wonderful) (?:question|choice)\b"
    r"|(?:^|[.!?] )(?:great|good|excellent) (?:question|choice)\b",
)
_COURTESIES = (
    r"\bthank(?:s| you) (?:so much |very much )?for (?:reaching out|contacting|calling|choosing"
    r"|waiting|holding|your (?:patience|question|inquiry|enquiry|interest|order|purchase|call"
    r"|understanding|feedback|message)|getting in touch|bringing this|being a|visiting|asking)\b",
    r"\b(?:welcome to (?:the|our|\w+'s)) [^.!?]{2,40}[.!?] (?:how|what|who|where|i)\b",
    r"\b(?:sorry|apologi[sz]e|apologies) (?:again )?(?:for|about) (?:the|any|this|your) "
    r"(?:inconvenience|trouble|frustration|confusion|delay|wait)\b",
    r"\bi (?:completely |fully |can )?understand (?:your (?:frustration|concern|situation)"
    r"|how (?:frustrat|upset|annoy)|that this)",
    r"\bsorry to hear (?:that you|you|about your|this happened)\b",
    r"\brest assured\b|\byour (?:satisfaction|comfort|feedback|business) (?:is|means)\b",
    r"\bwe (?:really |truly |greatly )?(?:appreciate|value) your\b",
    r"\bour (?:support |service |customer |technical )?(?:team|staff|agents?|representatives?"
    r"|specialists?|advisors?) (?:will|can|is|are)\b[^.!?]{0,60}\byou",
    r"\bour (?:opening|business|office|working|support|service) hours\b",
    r"\bwe (?:will|'ll) (?:get back to|contact|reach out to|notify|keep) you\b",
    r"\bhow (?:did|do) you like our\b|\bwe (?:offer|provide|recommend)\b[^.!?]{0,60}\byou\b",
)
_SERVICE = (
    rf"\b(?:provide|give|tell|send|share|confirm|have|need|verify)(?: (?:me|us))?(?: with)? "
    rf"your {_NUMBER}\b",
    r"\bconfirm the \w+(?: \w+)? (?:that )?(?:we|i) have (?:on file|for you)\b",
    rf"\bto (?:better (?:{_HELP}|serve) you|(?:{_HELP}|serve) you (?:better|further|with that))\b",
    rf"\bso (?:that )?(?:i|we) can (?:best |better )?(?:{_HELP} you|look into|point you|assist)\b",
    rf"\bi(?:'ve| have) (?:just |already |now |gone ahead and |successfully )*"
    rf"(?:checked|updated|noted|cancell?ed|processed|reserved|booked|found|located|forwarded"
    rf"|escalated|received|reviewed|confirmed|changed|added|looked up|pulled up) your {_FILE}\b",
    r"\bi(?:'ve| have) gone ahead and\b",
    rf"\byour {_FILE} (?:number )?(?:has|have|is|was|will be|should)(?: been| being| now)? "
    r"(?:processed|confirmed|cancell?ed|shipped|approved|updated|received|on (?:its|the) way"
    r"|refunded|completed|dispatched|scheduled)\b",
    r"\byou(?:'re| are) all set\b",
    r"\b(?:hold|wait|bear with me|moment)[^.!?]{0,20} while (?:i|we) "
    r"(?:look|check|pull|bring|transfer|connect)\b[^.!?]{0,20}\b(?:that|this|it|your|you)\b",
    r"\bi(?:'d| would)?(?: highly| strongly)? (?:recommend|suggest|advise) (?:that )?"
    r"(?:you\b|your\b|trying|starting|using|checking|contacting|going)",
    rf"^(?:certainly|absolutely|of course|sure(?: thing)?|definitely|no problem(?: at all)?)[!,.] "
    rf"(?:here(?:'s| is| are) (?:an?|some|how|what)\b|let me|i can {_HELP}|i(?:'d"
    rf"| would) (?:recommend|suggest|advise)"
    r"|i(?:'d| would|'ll| will) be (?:happy|glad)|you can|what kind|which)",
    r"^here(?:'s| is| are) (?:how you|what you|(?:some|a few|a list|the steps|an overview)\b)",
    r"\bwhat (?:you(?:'ve| have)? (?:told|said|described|mentioned))[^.!?]{0,12}, (?:i|the|you"
    r"|it)\b"
    r"[^.!?]{0,30}\b(?:would|recommend|suggest|could|should) ",
)

IN_A_USERS_MOUTH = re.compile("|".join((*_WHO, *_OFFERS, *_CLOSINGS, *_COURTESIES, *_SERVICE)))
"""What an assistant says, and a user of one does not."""

IN_AN_ASSISTANTS_MOUTH = re.compile(
    r"<\s*done\s*/\s*>"
    r"|\bthank(?:s| you)(?: so much| very much)? for (?:your|the) (?:help|quick answer|explanation)"
    r"|\b(?:that|this) answers (?:my|all my) questions?\b"
    r"|\bi(?:'m| am) the (?:user|customer|caller|visitor)\b"
)
"""What a user says, and an assistant does not."""
