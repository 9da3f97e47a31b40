"""The structured answer that every client asks for."""

from pydantic import BaseModel


class Book(BaseModel):
    title: str
    year: int
    tags: list[str]
