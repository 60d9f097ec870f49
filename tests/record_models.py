"""Pydantic models that tests name in recipes."""

from pydantic import BaseModel, ConfigDict, model_validator


class Stay(BaseModel):
    """A stay; its nights and its guests are numbers."""

    model_config = ConfigDict(extra="forbid")

    city: str
    guests: int
    nights: float = 1

    @model_validator(mode="after")
    def _fits(self) -> "Stay":
        if self.guests > 100:
            raise ValueError("too many guests")
        if self.city == "Atlantis":
            raise RuntimeError("the map is lost")
        return self
