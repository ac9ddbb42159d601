"""The stand-ins of GitHub and GitLab answer and refuse as the real ones do, before any client."""

from __future__ import annotations

from tests.standins.scm import selfcheck


def test_standins_answer_and_refuse_as_documented(capsys):
    assert selfcheck.main() == 0, capsys.readouterr().out
