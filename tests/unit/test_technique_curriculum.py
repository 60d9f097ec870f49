import time

from hypothesis import given, settings
from hypothesis import strategies as st

from synth_assets.core.techniques.curriculum import Curriculum, Topic

NAMES = [f"t{number}" for number in range(12)]


def lessons_of(*topics: Topic) -> list[tuple[str, int, tuple[str, ...]]]:
    return [(each.topic.name, each.chain, each.needs) for each in Curriculum(topics).lessons]


def test_curriculum_need_of_an_inner_topic_is_a_need_of_all_leaves_below():
    told = lessons_of(
        Topic("Sums"),
        Topic("Small", "Sums"),
        Topic("Large", "Sums", ("Small",)),
        Topic("Products", "", ("sums ",)),
    )
    assert told == [
        ("Small", 0, ()),
        ("Large", 1, ("Small",)),
        ("Products", 2, ("Small", "Large")),
    ]


def test_curriculum_needs_are_passed_down_to_the_leaves():
    told = lessons_of(Topic("A"), Topic("B", "", ("A",)), Topic("C", "B"))
    assert told == [("A", 0, ()), ("C", 1, ("A",))]


def test_curriculum_earlier_topics_keep_their_needs_where_a_circle_is_cut():
    curriculum = Curriculum(
        (Topic("A", "", ("B",)), Topic("B", "", ("C",)), Topic("C", "", ("A",)))
    )
    assert [each.topic.name for each in curriculum.lessons] == ["C", "B", "A"]
    [cut] = curriculum.cuts
    assert cut.told == ("the prerequisite 'A' of 'C' would close a cycle: C -> A -> B -> C")


@settings(max_examples=150)
@given(
    edges=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=40),
    parents=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=6),
)
def test_curriculum_every_lesson_stands_behind_all_it_needs(
    edges: list[tuple[str, str]], parents: list[tuple[int, int]]
):
    above = {NAMES[max(pair)]: NAMES[min(pair)] for pair in parents if pair[0] != pair[1]}
    topics = [
        Topic(name, above.get(name, ""), tuple(need for topic, need in edges if topic == name))
        for name in NAMES
    ]
    curriculum = Curriculum(tuple(topics))
    assert curriculum.parent_cycle() == ()
    lessons = {each.topic.name: each for each in curriculum.lessons}
    assert set(lessons) == {topic.name for topic in curriculum.leaves}
    assert sorted(each.number for each in lessons.values()) == list(range(1, len(lessons) + 1))
    for lesson in lessons.values():
        behind = [lessons[need] for need in lesson.needs]
        assert lesson.chain == 1 + max((each.chain for each in behind), default=-1)
        assert all(each.number < lesson.number for each in behind)


def test_curriculum_of_two_thousand_topics_in_one_chain_takes_seconds():
    chain = [Topic("n0"), *(Topic(f"n{n}", "", (f"n{n - 1}",)) for n in range(1, 2_000))]
    started = time.process_time()
    lessons = Curriculum(tuple(chain)).lessons
    assert lessons[-1].chain == 1_999
    assert time.process_time() - started < 50


def test_curriculum_of_many_topics_in_any_order_takes_seconds():
    names = [f"n{n * 7919 % 8_000}" for n in range(8_000)]
    needed = {f"n{n}": (f"n{n - 1}",) if n else () for n in range(8_000)}
    started = time.process_time()
    lessons = Curriculum(tuple(Topic(name, "", needed[name]) for name in names)).lessons
    assert lessons[-1].chain == 7_999
    assert time.process_time() - started < 50


def test_curriculum_need_of_a_topic_with_many_leaves_takes_seconds():
    parts = [Topic(f"part{n}", "Basics") for n in range(3_000)]
    topics = (Topic("Basics"), *parts, *(Topic(f"n{n}", "", ("Basics",)) for n in range(100)))
    started = time.process_time()
    lessons = Curriculum(topics).lessons
    assert len(lessons[-1].needs) == 3_000
    assert time.process_time() - started < 50


def test_curriculum_cycle_beside_a_long_chain_is_still_cut():
    chain = [Topic(f"n{n}", "", (f"n{n - 1}" if n else "A",)) for n in range(50)]
    curriculum = Curriculum((Topic("A", "", ("B",)), Topic("B", "", ("A", "n49")), *chain))
    assert [cut.told for cut in curriculum.cuts] == [
        "the prerequisite 'A' of 'B' would close a cycle: B -> A -> B",
        "the prerequisite 'n48' of 'n49' would close a cycle: "
        + " -> ".join(["n49", *(f"n{n}" for n in range(48, -1, -1)), "A", "B", "n49"]),
    ]
