"""A place in a list of tokens, for readers that go forward only."""

from collections.abc import Sequence

from synth_assets.core.verify.answers.notation import Kind, Token, Unreadable


class Cursor:
    """The tokens that are still to come."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = list(tokens)
        self._at = 0

    def peek(self, ahead: int = 0) -> Token | None:
        """A token to come, without taking it."""
        at = self._at + ahead
        return self._tokens[at] if at < len(self._tokens) else None

    def next(self) -> Token:
        """Take a token; raises Unreadable at the end."""
        token = self.peek()
        if token is None:
            raise Unreadable("it is incomplete")
        self._at += 1
        return token

    def skip(self, count: int) -> None:
        """Take tokens that were seen by `peek`."""
        self._at += count

    def take_digit(self) -> str:
        r"""Take the first digit of a number, the others stay: `\frac12`."""
        token = self.next()
        if not token.text.isdigit():
            raise Unreadable(f"the digits {token.text} behind a command")
        if len(token.text) > 1:
            self._at -= 1
            self._tokens[self._at] = Token(Kind.NUMBER, token.text[1:])
        return token.text[0]

    def is_sign(self, *signs: str) -> bool:
        """Whether one of these signs comes next."""
        return self.is_kind(Kind.SIGN) and self._tokens[self._at].text in signs

    def is_command(self, *names: str) -> bool:
        """Whether one of these commands comes next."""
        return self.is_kind(Kind.COMMAND) and self._tokens[self._at].text in names

    def is_kind(self, *kinds: Kind) -> bool:
        """Whether a token of one of these kinds comes next."""
        token = self.peek()
        return token is not None and token.kind in kinds

    def take_sign(self, *signs: str) -> bool:
        """Take a sign if it comes next."""
        found = self.is_sign(*signs)
        self._at += found
        return found

    def take_command(self, *names: str) -> bool:
        """Take a command if it comes next."""
        found = self.is_command(*names)
        self._at += found
        return found

    def expect(self, sign: str) -> None:
        """Take a sign; raises Unreadable where another token comes."""
        token = self.next()
        if token.kind is not Kind.SIGN or token.text != sign:
            raise Unreadable(f"{sign!r} is missing before {token.text!r}")
