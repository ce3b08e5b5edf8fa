from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mtl_core.encoder import SharedEncoder
from mtl_core.tokenizing import TextTokenizer

TEXTS = ["short", "river " * 400, "a longer one about rivers", "stone " * 300]


def test_texts_are_cut_to_the_budget(encoder: SharedEncoder) -> None:
    ids, cut = TextTokenizer().ids(TEXTS, tokenizer=encoder.tokenizer, max_tokens=16)
    assert cut.tolist() == [False, True, False, True]
    assert [len(row) for row in ids] == [3, 16, 7, 16]
    assert all(row[-1] == encoder.tokenizer.sep_token_id for row in ids)


def test_threads_that_cut_and_do_not_cut_get_what_one_thread_gets(encoder: SharedEncoder) -> None:
    alone = [encoder.encode([text]).vectors[0] for text in TEXTS]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda row: encoder.encode([TEXTS[row % 4]]).vectors[0], range(80)))
    for row, vector in enumerate(together):
        np.testing.assert_array_equal(vector, alone[row % 4])


def test_a_copy_has_a_lock_of_its_own() -> None:
    tokenizer = TextTokenizer()
    twin = copy.deepcopy(tokenizer)
    with tokenizer._one_thread:
        assert not twin._one_thread.locked()
