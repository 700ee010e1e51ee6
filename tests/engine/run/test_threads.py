"""How many threads a product gets, and that it gets them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from threadpoolctl import threadpool_info

from engine.method.spec import RunSpec
from engine.run import client, commands, events, threads
from engine.run.process import one_thread_to_begin_with
from engine.run.threads import THREAD_VARIABLES, WORTHWHILE, ProductThreads, cores, suitable_threads

WIDE: dict[str, Any] = {
    "problem": {"kind": "dataset"},
    "data": {"name": "digits"},
    "model": {"hidden": [1024]},
    "batch": {"size": 256},
}
"""65 · 1024 · 256 multiplications in the first layer: more than it takes."""
PATIENCE_S = 20.0


def spec_with(**compute: Any) -> RunSpec:
    return RunSpec.model_validate({**WIDE, "compute": compute})


@pytest.fixture
def as_an_engine_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREAD_VARIABLES:
        monkeypatch.setenv(name, "1")


@pytest.fixture
def pool() -> Iterator[ProductThreads]:
    """The pool of this very process, which other tests use as it was."""
    before = blas_threads()
    switch = ProductThreads()
    yield switch
    switch.use(before)
    assert blas_threads() == before


def blas_threads() -> int:
    return max(int(library["num_threads"]) for library in threadpool_info() if library["user_api"] == "blas")


@pytest.mark.usefixtures("as_an_engine_begins")
def test_all_cores_where_the_products_are_large_and_nobody_draws() -> None:
    assert suitable_threads(spec_with(), largest_product=WORTHWHILE, watched=False) == cores()
    assert suitable_threads(spec_with(), largest_product=WORTHWHILE, watched=True) == 1
    assert suitable_threads(spec_with(), largest_product=WORTHWHILE - 1, watched=False) == 1


@pytest.mark.usefixtures("as_an_engine_begins")
def test_a_number_in_the_spec_decides() -> None:
    for watched in (False, True):
        assert suitable_threads(spec_with(threads=3), largest_product=0, watched=watched) == 3
        assert suitable_threads(spec_with(threads=1), largest_product=1 << 40, watched=watched) == 1


def test_what_someone_chose_in_the_environment_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "6")
    assert suitable_threads(spec_with(), largest_product=0, watched=True) == 6
    environment = {"OMP_NUM_THREADS": "6"}
    one_thread_to_begin_with(environment)
    assert environment == {**dict.fromkeys(THREAD_VARIABLES, "1"), "OMP_NUM_THREADS": "6"}


def test_a_machine_with_one_core_never_uses_two(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in THREAD_VARIABLES:
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr(threads, "cores", lambda: 1)
    assert suitable_threads(spec_with(), largest_product=1 << 40, watched=False) == 1


def test_the_switch_reaches_the_library(pool: ProductThreads) -> None:
    for count in (2, 1, 2):
        pool.use(count)
        assert (pool.count, blas_threads()) == (count, count)


def told(connection: client.Client, count: int) -> bool:
    """Return whether the engine says within a while that its products use so many threads."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        for message in connection.wait(0.1):
            if isinstance(message, events.Progressed) and message.threads == count:
                return True
    return False


def test_an_engine_uses_one_thread_from_when_a_dashboard_looks_on(
    start_run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    if cores() == 1:
        pytest.skip("one core: there is nothing to choose")
    run, engine = start_run(WIDE)
    listener = client.Client(run, watch="all", engine=engine)
    assert told(listener, cores())
    dashboard = client.Client(run, watch="live")
    assert told(listener, 1)
    dashboard.close()
    assert told(listener, cores())
    listener.ask(commands.SetFields(seq=listener.next_sequence(), values={"compute.threads": 1}))
    assert told(listener, 1)
    listener.close()
    client.stop(run)
