"""What an admin types into a link template."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from portal.catalog.core.link_templates import LinkTemplate

Word = Annotated[str, StringConstraints(max_length=63)]


class EmptyForm(BaseModel):
    """A button."""

    model_config = ConfigDict(extra="forbid")

    csrf_token: str = ""


class LinkTemplateForm(EmptyForm):
    """A template; environments are parted by commas."""

    title: str = Field("", max_length=200)
    url: str = Field("", max_length=4000)
    applies_to: tuple[Word, ...] = ()
    environments: str = Field("", max_length=2000)
    revision: int = 0

    @property
    def template(self) -> LinkTemplate:
        """Return what was typed, without spaces around it."""
        names = (name.strip() for name in self.environments.split(","))
        return LinkTemplate(
            self.title.strip(),
            self.url.strip(),
            tuple(dict.fromkeys(self.applies_to)),
            tuple(dict.fromkeys(name for name in names if name)),
        )


class LinkTemplateBody(BaseModel):
    """A template as JSON; `revision` is the one that was looked at where one is changed."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(max_length=200)
    url: str = Field(max_length=4000)
    applies_to: list[Word] = Field([], max_length=50)
    environments: list[Word] = Field([], max_length=50)
    revision: int = 0

    @property
    def template(self) -> LinkTemplate:
        """Return the template."""
        return LinkTemplate(
            self.title.strip(), self.url.strip(), tuple(self.applies_to), tuple(self.environments)
        )
