"""Shapes of reports: kept under a name, one's own or shared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from desks import make_desk

from qa_pipeline.errors import AccessRefused, InputRefused
from qa_pipeline.reading.viewer import Role, Viewer
from qa_pipeline.review.desk import Desk
from qa_pipeline.review.people import add_account, viewer_of
from qa_pipeline.review.shapes import Shape, delete_shape, list_shapes, read_shape, save_shape

SHAPE = Shape(by=("team", "week"), columns=("calls", "percent"), titles={"calls": "Gespräche"}, where={"campaign": "spring"})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return make_desk(tmp_path)


@pytest.fixture
def two(desk: Desk) -> tuple[Viewer, Viewer]:
    for name in ("anna", "berta"):
        add_account(desk.engine, name, roles=(Role.SUPERVISOR,), display_name=name.capitalize())
    return viewer_of(desk.engine, "anna"), viewer_of(desk.engine, "berta")


def test_a_shape_is_kept_changed_and_deleted(desk: Desk, two: tuple[Viewer, Viewer]) -> None:
    anna, berta = two
    number = save_shape(desk, anna, " Weekly ", SHAPE, is_shared=False)
    found = read_shape(desk, anna, number)
    assert (found.name, found.shape, found.author, found.is_own) == ("Weekly", SHAPE, "Anna", True)
    assert save_shape(desk, anna, "Weekly", replace(SHAPE, by=("team",)), is_shared=True) == number
    (shared,) = list_shapes(desk, berta)
    assert (shared.shape.by, shared.is_own) == (("team",), False)
    with pytest.raises(InputRefused, match="not yours"):
        delete_shape(desk, berta, number)
    delete_shape(desk, anna, number)
    assert list_shapes(desk, anna) == []


def test_what_is_not_shared_is_ones_own(desk: Desk, two: tuple[Viewer, Viewer]) -> None:
    anna, berta = two
    number = save_shape(desk, anna, "mine", SHAPE, is_shared=False)
    assert list_shapes(desk, berta) == []
    with pytest.raises(InputRefused, match="no report"):
        read_shape(desk, berta, number)


def test_it_needs_a_name_and_who_sees_figures(desk: Desk, two: tuple[Viewer, Viewer]) -> None:
    with pytest.raises(InputRefused, match="no name"):
        save_shape(desk, two[0], " ", SHAPE, is_shared=False)
    with pytest.raises(AccessRefused):
        list_shapes(desk, Viewer(name="x", account=9))
