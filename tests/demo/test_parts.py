"""Templates, map, history and files as HTML: complete, escaped, deterministic."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from scripted_coach import analyse

from chatbot.service import PlanVersion, ThreadSummary
from demo.history import render_history
from demo.kept import FORMATS, render_downloads, render_plans, render_who
from demo.library_map import LibraryMap
from demo.map_picture import NEAREST, render_base, render_neighbours, render_overlay
from demo.profile_picture import render_picture
from demo.template_cards import render_hits, render_template
from mtl_core.errors import InputError
from mtl_core.rubric import RUBRIC
from retrieval import TemplateLibrary

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def library() -> TemplateLibrary:
    return TemplateLibrary.shipped()


@pytest.fixture(scope="module")
def library_map(library) -> LibraryMap:
    vectors = np.random.default_rng(0).normal(size=(len(library), 3)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return LibraryMap.of(SimpleNamespace(library=library, vectors_of=lambda ids: vectors))


def _reading(library_map):
    text = "# Halves\n\nPupils explain why."
    reading = analyse(text, present={"modelling": ["Pupils explain why."]}, unsure={})
    vector = library_map.vectors[7]
    return type(reading)(**{name: getattr(reading, name) for name in reading.__slots__} | {"vector": vector})


def test_a_plan_that_is_a_template_lies_on_it_and_is_nearest_to_it(library_map):
    vector = library_map.vectors[7]
    assert library_map.nearest(vector, k=3)[0] == 7
    assert library_map.place(vector) == pytest.approx(tuple(library_map.points[7]), abs=1e-6)
    assert np.abs(library_map.points).max(axis=0) == pytest.approx([1, 1])


def test_the_sign_of_an_axis_is_fixed(library, library_map):
    again = LibraryMap.of(SimpleNamespace(library=library, vectors_of=lambda ids: library_map.vectors.copy()))
    assert np.array_equal(again.points, library_map.points)
    assert (library_map.axes[np.abs(library_map.axes).argmax(axis=0), [0, 1]] > 0).all()


def test_too_few_templates_make_no_map(library):
    with pytest.raises(InputError, match="three"):
        LibraryMap.of(SimpleNamespace(library=SimpleNamespace(ids=["a"]), vectors_of=None))


def test_every_template_is_on_the_map_and_the_nearest_are_in_words(library, library_map):
    assert render_base(library_map, library).count("<circle") == len(library)
    reading = _reading(library_map)
    overlay, words = render_overlay(library_map, library, reading), render_neighbours(library_map, library, reading)
    assert "Your plan" in overlay
    assert overlay.count('class="ln-near"') == words.count('class="ln-template"') == NEAREST
    assert "Your plan" not in render_overlay(library_map, library, None)
    assert "Read a plan" in render_neighbours(library_map, library, None)


def test_a_template_has_no_open_slot_and_is_escaped(library):
    template = next(iter(library.values())).model_copy(update={"title": "<i>{topic}</i>"})
    shown = render_template(template)
    assert "&lt;i&gt;your topic&lt;/i&gt;" in shown
    assert not any(
        slot in "".join(map(render_template, library.values())) for slot in ("{topic}", "{grade}", "{minutes}")
    )


def test_no_hit_says_what_to_do():
    assert "try other words" in render_hits([])
    assert "&lt;b&gt;" in render_hits([], note="<b>")


def test_the_picture_says_every_verdict_in_words():
    reading = analyse("Tidy up.", present={"modelling": ["Tidy up."]}, unsure={"vocabulary": ["Tidy up."]})
    picture = render_picture(reading)
    assert all(measure.title.replace("&", "&amp;") in picture for measure in RUBRIC)
    label = picture.split('aria-label="')[1].split('"')[0]
    assert label.count("not found") == 12
    assert "Modelling: found" in label
    assert "Vocabulary: not sure" in label


def test_versions_come_newest_first_with_their_difference():
    versions = [
        PlanVersion(1, NOW, "One.\nTwo.\n", "opened"),
        PlanVersion(2, NOW, "One.\n<b>New</b>\n", "use"),
        PlanVersion(3, NOW, "One.\nTwo.\n", "undone"),
    ]
    html = render_history(versions)
    assert html.index("A change was taken back") < html.index("A suggestion went in") < html.index("As you gave it")
    second = html.split("<li")[2]
    assert "&lt;b&gt;New&lt;/b&gt;</ins>" in second
    assert "Two.</del>" in second
    assert "<b>" not in html
    assert "Read a plan first" in render_history(())


def test_no_sign_of_a_change_stands_alone():
    texts = ["One.\nTwo.\n", "One.\n\nNew.\n\nTwo.\n", "One.\n\nNew.\n\n\n\nTwo.\n"]
    html = render_history([PlanVersion(n, NOW, text, "revised") for n, text in enumerate(texts, start=1)])
    changes = re.findall(r"<(?:ins|del)>.*?</span>.*?</span>(.*?)</(?:ins|del)>", html)
    assert [re.sub(r"<[^>]+>", "", change) for change in changes] == ["2 empty lines", "New."]


def test_who_signed_in_is_named_and_can_sign_out():
    assert "this browser" in render_who(None)
    shown = render_who("anna", "/coach")
    assert "kept for anna" in shown
    assert 'method="post" action="/coach/page/sign-out"' in shown


def test_every_file_is_a_link_of_the_open_thread():
    html = render_downloads('a"b')
    assert html.count("<a ") == len(FORMATS)
    assert all(f"/page/files/a%22b/{kind}" in html for kind in FORMATS)
    assert "<a" not in render_downloads("")


def test_plans_are_links_and_the_open_one_is_marked():
    threads = [ThreadSummary("t1", "<b>", NOW, NOW, 3), ThreadSummary("t2", "Two", NOW, NOW, 3)]
    html = render_plans(threads, here="t2")
    assert html.count("aria-current") == 1
    assert "&lt;b&gt;" in html
    assert 'href="?thread=t2" aria-current' in html
