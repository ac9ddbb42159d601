"""What a failed call shows to whoever has no right to the configuration."""

from __future__ import annotations

from portal.infra.outbound import Refused, Unreachable


def test_every_failed_call_is_shown_the_same(app):
    shown = set()
    for error in (Refused("inner.test is private", fix="list it"), Unreachable("inner.test")):
        with app.test_request_context("/api/v1/entities"):
            answer = app.ensure_sync(app.handle_user_exception)(error)
        assert answer.status_code == 502
        shown.add(answer.get_data(as_text=True))
    assert len(shown) == 1
    assert "inner.test" not in shown.pop()
