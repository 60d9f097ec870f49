"""Phrases that language models write far more often than people.

Chosen by us, after counting in the texts of `benchmarks/real_rows.py`. In a thousand words that
had no part in that there are 4.3 different ones of GPT-4, 1.9 of ChatGPT, and of people 0.65 in
OpenAssistant, under 0.1 in Wikipedia, none in GSM8K. Compared is word by word; case, apostrophes
and punctuation do not matter.
"""

ANSWERS = """
a testament to | testament | rich tapestry | tapestry | a symphony of | kaleidoscope of
a beacon of | delve | delves | delving | intricate | meticulous | meticulously
multifaceted | groundbreaking | cutting edge | game changer | transformative | revolutionize
seamless | seamlessly | leveraging | empowering | fostering a | fosters a | foster a | pivotal
crucial role | vital role | valuable insights | gain insights | deeper understanding
informed decisions | delicate balance | strike a balance | striking a balance | holistic approach
ever evolving | ever changing | constantly evolving | rapidly evolving | in today's fast paced
fast paced world | navigate the complexities | navigating the complexities | full potential
unlock the potential | harness the power | plethora | myriad | wide array of | in the realm of
it's important to note | it is important to note | it's important to remember
it is important to remember | it's worth noting | it is worth noting | it's essential to
it is essential to | not just about | more than just | profound impact
lasting impact | lasting impression | future generations
brighter future | make a difference | sense of community | sense of belonging
sense of accomplishment | sense of urgency | sense of purpose | sense of wonder | treasure trove
hidden gem | hidden gems | from all walks of life | stand the test of time | look no further
rest assured | finds you well | don't hesitate to | do not hesitate to | let's dive in
dive into the | deep dive | embark on | embarked on | whether you're a | serves as a reminder
a stark reminder | a reminder of | evolving landscape | digital landscape | a breath of fresh air
unlike any other | like no other | only time will tell | first and foremost | by following these
"""

STORIES = """
vibrant | bustling | nestled | breathtaking | captivating | mesmerizing | enchanting
ethereal | awe inspiring | enigmatic | shimmering | glistening | unwavering | steadfast
resilience | newfound | renewed sense | whispers of | echoes of | echoed through | echoing through
dance of | danced across | gentle breeze | the air was thick | thick with the scent
hung in the air | hung heavy
casting long shadows | casting a warm | dimly lit | long shadows | the sun dipped
barely above a whisper | barely a whisper | sent shivers down | shiver down | shivers down
down my spine | down her spine | down his spine | took a deep breath | taking a deep breath
heart pounding | heart pounded | heart racing | couldn't help but | can't help but
eyes widened | eyes sparkling | eyes gleaming | brow furrowed | smile playing | raised an eyebrow
little did i know | little did she know | little did he know | little did they know
glimmer of hope | with determination | unbreakable bond | forever changed | a mix of
weight of the world | in a world where | once upon a time | brave adventurer | greetings traveler
"""


def phrases() -> tuple[str, ...]:
    """All of them."""
    said = f"{ANSWERS}|{STORIES}".replace("\n", "|").split("|")
    return tuple(phrase for each in said if (phrase := " ".join(each.split())))
