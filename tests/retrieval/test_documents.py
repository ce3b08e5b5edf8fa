"""Documents: what goes into a store comes out equal, and other shapes are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mtl_core.errors import ArtifactError
from retrieval.documents import Document

NAMES = st.text(st.characters(exclude_characters=".", exclude_categories=["Cs"]), min_size=1, max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


@given(
    st.text(min_size=1, max_size=20),
    st.dictionaries(NAMES, st.text(max_size=20), max_size=4),
    st.dictionaries(NAMES, VALUES, max_size=4),
)
def test_a_payload_gives_the_document_back(name: str, fields: dict[str, str], metadata: dict[str, Any]) -> None:
    document = Document(id=name, fields=fields, metadata=metadata)
    assert Document.from_payload(name, document.payload()) == document


def test_changing_a_payload_leaves_the_document_alone() -> None:
    document = Document(id="a", fields={"title": "Rivers"}, metadata={"minutes": 5})
    payload = document.payload()
    assert isinstance(payload["fields"], dict)
    payload["fields"]["title"] = "Hills"
    assert document.fields["title"] == "Rivers"


@pytest.mark.parametrize(
    "payload", [{}, {"text": "Rivers"}, {"fields": {"title": 3}}, {"fields": {}, "metadata": {}, "more": 1}]
)
def test_a_payload_of_another_shape_is_refused(payload: dict[str, Any]) -> None:
    with pytest.raises(ArtifactError, match="record 'a' is no document"):
        Document.from_payload("a", payload)


@pytest.mark.parametrize("name", ["", "a.b"])
def test_a_field_name_that_a_filter_cannot_address_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="rename it"):
        Document(id="a", fields={name: "text"})
