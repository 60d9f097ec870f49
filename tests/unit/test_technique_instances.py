"""Instances of a task, as models write them."""

import json

import pytest

from synth_assets.core.schema import Reason
from synth_assets.core.techniques.instances import Instance, instances_in, listed, usable
from synth_assets.core.techniques.protocol import Unusable


def test_usable_instances_of_one_empty_input_keep_the_first():
    found = usable([Instance("", "one"), Instance("", "two")])
    assert found[0] == Instance("", "one")
    assert isinstance(found[1], Unusable)
    assert found[1].reason is Reason.NOT_NOVEL


def test_instances_of_json_are_read_like_sections():
    *read, other = instances_in('[{"input": null, "output": " 3 "}, {"output": 0}, 5]')
    assert read == [Instance("", "3"), Instance("", "0")]
    assert isinstance(other, Unusable)
    assert other.reason is Reason.UNPARSABLE
    assert instances_in("[not json") == []


def test_listed_items_of_json_are_texts_or_objects_with_the_tag():
    found = listed('[" one ", {"instruction": " two "}, {"task": "three"}, 4]', "instruction")
    assert found[:2] == ["one", "two"]
    assert [each.reason for each in found[2:] if isinstance(each, Unusable)] == ["unparsable"] * 2


@pytest.mark.parametrize(
    "written",
    ["None", "N/A", "<noinput>", "(no input)", "-", "\u2014", "No input.", "[None]", "n/a.", ""],
)
def test_instances_whose_input_says_that_there_is_none_have_the_empty_one(written: str):
    section = f"<instance><input>{written}</input><output>4</output></instance>"
    assert instances_in(section) == [Instance("", "4")]
    assert instances_in(json.dumps([{"input": written, "output": 4}])) == [Instance("", "4")]


@pytest.mark.parametrize("written", ["Na", "none of them came", "-5", "No", "input", "- a\n- b"])
def test_instances_whose_input_only_looks_like_none_keep_it(written: str):
    section = f"<instance><input>{written}</input><output>4</output></instance>"
    assert instances_in(section) == [Instance(written, "4")]


def test_instances_not_closed_are_dropped_alone():
    one = "<instance><input>aa bb</input><output>one</output>"
    two = "<instance><input>cc</input><output>two</output></instance>"
    three = "<Instance><input>dd<output>three</output></Instance>"
    four = "<instance><input>a</input><input>b</input><output>four</output></instance>"
    found = instances_in(one + two + three + four)
    told = [each.detail if isinstance(each, Unusable) else each.output for each in found]
    assert told == [
        "a section <instance> is not closed",
        "two",
        "a section <input> is not closed",
        "section <input> stands 2 times in an instance",
    ]
    assert [isinstance(each, Instance) for each in usable(found)] == [False, True, False, False]


def test_usable_instances_that_contradict_leave_the_unreadable_their_reason():
    lost = Unusable(Reason.UNPARSABLE, "not closed")
    found = usable([Instance("a", "1"), lost, Instance("a", "2")])
    reasons = [each.reason for each in found if isinstance(each, Unusable)]
    assert reasons == ["no_agreement", "unparsable", "no_agreement"]
