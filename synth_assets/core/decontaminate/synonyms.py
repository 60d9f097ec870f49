"""Words and phrases that say about the same, for rephrasing by rule; English."""

import re
from collections.abc import Mapping

_GROUPS = """
buys purchases acquires | bought purchased acquired | buy purchase acquire | buying purchasing
sells offers vends | sold vended | sell vend | gives hands | gave handed | give hand
has possesses owns | had possessed owned | gets receives obtains | got received obtained
get receive obtain | makes produces creates | made produced created | make produce create
uses utilizes employs | used utilized employed | use utilize employ | needs requires
needed required | need require | wants wishes desires | wanted wished desired | want wish desire
starts begins commences | started began commenced | start begin commence | ends finishes concludes
ended finished concluded | end finish conclude | eats consumes | ate consumed | eat consume
works labors | worked labored | walks strolls | walked strolled | lives resides dwells
lived resided dwelt | live reside dwell | collects gathers | collected gathered | collect gather
puts places | put place | takes brings | took brought | finds locates discovers
found located discovered | find determine compute | shows displays presents
shown displayed presented | show display present | writes composes | write compose | wrote composed
says states remarks | said stated remarked | tells informs | told informed | helps assists aids
helped assisted aided | help assist aid | returns yields | return yield | checks verifies
check verify | explains clarifies | explain clarify | describes outlines | describe outline
gives provides supplies | provide supply | contains holds includes | contained held included
contain hold include | earns makes | earned made | spends expends | spent expended
saves keeps | saved kept | grows increases rises | grew increased rose | loses forfeits
lost forfeited | leaves departs | left departed | arrives comes | drives travels | drove traveled
plans intends | planned intended | decides resolves | decided resolved | chooses selects picks
chose selected picked | choose select pick | big large huge | bigger larger | biggest largest
small little tiny | smaller lesser | smallest tiniest | fast quick rapid | fastest quickest
many numerous several | total overall combined | entire whole complete | different distinct various
same identical | additional extra further | remaining leftover | main chief principal
important significant crucial | new recent fresh | old aged | good fine decent | best finest optimal
bad poor | cheap inexpensive | expensive costly | happy glad cheerful | difficult hard tough
easy simple effortless | begin start | house home residence | car vehicle automobile
cars vehicles automobiles | kids children youngsters | kid child youngster | store shop market
friend companion pal | friends companions pals | money cash funds | job task position
price cost charge | prices costs charges | cost price | gift present | trip journey voyage
street road | boy lad | girl lass | people persons individuals | person individual human
student pupil learner | students pupils learners | teacher instructor educator | doctor physician
picture image photo | pictures images photos | movie film | movies films | food meals
amount quantity sum | number count quantity | part portion piece | parts portions pieces
group set collection | list sequence series | way method manner | ways methods manners
answer reply response | question query inquiry | problem issue | problems issues
country nation state | city town | area region zone | reason cause ground | result outcome effect
example instance case | kind type sort | kinds types sorts | bags sacks pouches | bag sack pouch
boxes crates cartons | box crate carton | candies sweets | apples fruits | cookies biscuits
every each | each every | daily per-day | week seven-day-period | yearly annually | afterwards later
before prior-to | after following | during throughout | also additionally likewise
however nevertheless still | because since as | therefore thus hence | approximately roughly about
only just merely | often frequently regularly | usually generally normally
finally lastly eventually
quickly rapidly swiftly | now currently presently | initially originally first | altogether overall
function routine procedure | string text | array list | integer whole-number
given supplied provided
element entry member | elements entries members | value quantity | values quantities
positive nonnegative | input argument | output result | letters characters | word term | words terms
"""

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    words[0]: tuple(word.replace("-", " ") for word in words[1:])
    for group in _GROUPS.replace("\n", " | ").split("|")
    if len(words := group.split()) > 1
}
"""Word -> others, in the same form."""

PHRASES: tuple[tuple[str, str], ...] = (
    ("how many", "what is the number of"),
    ("how much money", "what sum of money"),
    ("how much", "what amount"),
    ("how long", "for what length of time"),
    ("how far", "what distance"),
    ("how old", "of what age"),
    ("what is the", "can you determine the"),
    ("what was the", "can you determine what was the"),
    ("write a", "please come up with a"),
    ("a lot of", "plenty of"),
    ("as well as", "along with"),
    ("in order to", "so as to"),
    ("as many", "the number of"),
    ("more than", "above"),
    ("less than", "below"),
    ("at least", "no fewer than"),
    ("each day", "on a daily basis"),
    ("every day", "on a daily basis"),
    ("per day", "daily"),
    ("each week", "weekly"),
    ("a week", "weekly"),
    ("per week", "weekly"),
    ("in total", "altogether"),
    ("there are", "one counts"),
    ("there were", "one counted"),
    ("for example", "for instance"),
)
"""Phrase -> another."""

NAMES: tuple[str, ...] = tuple(
    re.findall(
        r"\w+",
        "Abena Bastian Chiara Darnell Eilidh Faisal Greta Hiroshi Ingrid Jamal Katya Leandro "
        "Mirela Nikhil Odette Paloma Quentin Rashida Soren Tamsin Umberto Valeria Wendell Xiomara "
        "Yusuf Zelda Anouk Benedikt Cosima Dmitri",
    )
)
"""Names of people, to put in the place of others."""
