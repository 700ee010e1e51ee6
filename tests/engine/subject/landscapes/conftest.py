"""Every landscape in every form that a problem can ask for."""

from __future__ import annotations

import pytest

from engine.subject.landscapes import LANDSCAPES, LandscapeKind, outlier, parabola, ravine, rotated

FORMS: dict[str, LandscapeKind] = {
    **LANDSCAPES,
    "ravine, κ 1": ravine(1.0),
    "ravine, κ 1e6": ravine(1e6),
    "parabola, λ 50": parabola(50.0),
    "outlier first": outlier(1),
    **{
        f"{name} on a line": kind.make(dimension=1)
        for name, kind in LANDSCAPES.items()
        if kind.make is not None and "dimension" in kind.knobs
    },
    **{f"{name} turned": rotated(kind, 30.0) for name, kind in LANDSCAPES.items() if kind.dimension == 2},
}


@pytest.fixture(params=list(FORMS.values()), ids=list(FORMS))
def form(request: pytest.FixtureRequest) -> LandscapeKind:
    """One landscape in one form."""
    kind: LandscapeKind = request.param
    return kind
