"""What a cell says: a value, nothing, "clear it", or a problem with its reason and remedy.

Parsers take the text of one cell and are pure, so that a column is parsed by looking each text up in a
:class:`Memo`: most columns of a list hold few different texts, and one rule set is fast enough for 230,000
rows and serves a single edit as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from camera_registry.importing.report import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a value; becomes a :class:`Fault` once its row is known.

    Attributes:
        code: The kind, stable.
        reason: What is wrong, one sentence without the value itself.
        remedy: What to do about it.
        severity: Whether the row stays out.
        shown: What to show of the value in its place, where it may hold a secret.
    """

    code: str
    reason: str
    remedy: str
    severity: Severity = Severity.ERROR
    shown: str | None = None


@dataclass(frozen=True, slots=True)
class Noted:
    """A value with problems; of one that cannot be used the value is None."""

    value: Any
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class UrlWithLogin:
    """A URL that came with a login in it, taken apart.

    Attributes:
        url: Without it.
        username: As it was written.
        password: As it was written.
    """

    url: str
    username: str
    password: str = field(repr=False)


class _Clear:
    """The list says that there is nothing."""

    def __repr__(self) -> str:
        return "CLEAR"


CLEAR: Final = _Clear()
Parser = Callable[[str], Any]
"""The text of a cell → a value, None (nothing reported), :data:`CLEAR`, a :class:`Noted` or a
:class:`UrlWithLogin`."""


@dataclass(frozen=True, slots=True)
class Plain:
    """What most texts of a column with many different ones look like, so that they need no parsing.

    Attributes:
        pattern: Texts that it matches, whole, are their own values.
        convert: Turns them into their values; None where they are texts.
    """

    pattern: re.Pattern[str]
    convert: Callable[[str], Any] | None = None


BLANKS = frozenset(
    {
        *(
            "",
            "-",
            "--",
            "---",
            "—",
            "——",
            "/",
            "\\",
            "无",
            "暂无",
            "未知",
            "不详",
            "不明",
            "空",
            "未填",
            "未上报",
        ),
        *("n/a", "na", "nan", "null", "none", "nil", "unknown", "(null)", "<null>", "#n/a", "\\n"),
    }
)
"""Ways to write nothing, folded."""

CLEARING = frozenset({"清空", "<清空>", "(清空)", "【清空】", "<clear>", "(clear)", "[clear]"})
"""Ways to say that what the catalogue holds is to go, folded."""

SHEET_ERRORS = frozenset({"#ref!", "#value!", "#name?", "#div/0!", "#num!", "#null!", "#getting_data"})

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_SPACES = re.compile(r"[\t\r\n\u00a0\u3000 ]+")
_GUARDED = re.compile(r"'(?=[=+\-@\t])")
_BETWEEN_WORDS = re.compile(r"[\s:;,、()\[\]=_/-]+")
_LOGIN = re.compile(r"://[^\s]*@")
_DAMAGED = "\ufffd"
_ODD_LETTER = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd\ud800-\udfff]"
)


class Memo(dict[str, Any]):
    """What each text of a column came to.

    Attributes:
        odd: Whether any of them came to more than a plain value.
    """

    MOST = 50_000
    """Texts kept between chunks: beyond it a column is of the kind where every text differs."""

    def __init__(self, parser: Parser, plain: Plain | None = None) -> None:
        super().__init__()
        self._parser = parser
        self._plain = plain
        self.odd = False

    def __missing__(self, text: str) -> Any:
        value = self[text] = self._parser(text)
        if value is CLEAR or type(value) in {Noted, UrlWithLogin}:
            self.odd = True
        return value

    def read(self, texts: Iterable[str]) -> list[Any]:
        """The column's values, in order."""
        if len(self) > self.MOST:
            self.clear()
            self.odd = False
        if self._plain is None:
            return list(map(self.__getitem__, texts))
        matches, convert = self._plain.pattern.fullmatch, self._plain.convert
        if convert is None:
            return [text if matches(text) else self[text] for text in texts]
        return [convert(text) if matches(text) else self[text] for text in texts]


def fold(text: str) -> str:
    """The text for comparison: width, case and outer blanks do not matter."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def nothing(parser: Parser) -> Parser:
    """``parser``, told only of cells that say something."""

    def parse(text: str) -> Any:
        text = text.strip()
        if len(text) < 14:
            folded = text.casefold()
            if folded in BLANKS:
                return None
            if folded in CLEARING:
                return CLEAR
            if folded in SHEET_ERRORS:
                return Noted(
                    None,
                    (
                        Problem(
                            "sheet-error",
                            "The spreadsheet's own error stands in place of a value.",
                            "Mend the formula, or copy the column and paste it as values.",
                        ),
                    ),
                )
        return parser(text)

    return parse


def clean(text: str) -> tuple[str, tuple[Problem, ...]]:
    """The text without what must not be stored, and what was taken from it."""
    if text[:1] == "'" and _GUARDED.match(text):
        text = text[1:]  # a guard against spreadsheet formulas, by this program or another
    if not _ODD_LETTER.search(text):
        return text, ()
    problems = []
    if _DAMAGED in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        problems.append(
            Problem(
                "damaged-text",
                "Some of its letters were lost when the file was written in another encoding.",
                "Write the value anew; save the file as UTF-8 or XLSX.",
            )
        )
        text = re.sub("[\ufffd\ud800-\udfff]", "", text)
    bare = _SPACES.sub(" ", _CONTROL.sub("", text)).strip()
    if bare != text and not problems:
        problems.append(
            Problem(
                "control-characters",
                "It holds invisible control characters or line breaks; they were taken out.",
                "Remove them from the list.",
                Severity.WARNING,
            )
        )
    return bare, tuple(problems)


LOGIN_IN_TEXT = Problem(
    "credentials-in-text",
    "It holds an address with a user name or password in it, in a column that everybody reads.",
    "Take it out; put the stream's address into a column of its own (RTSP地址).",
    shown="[hidden]",
)


def plain_text(most: int) -> Plain:
    """A text that begins with a Chinese letter and needs no cleaning: most names and addresses."""
    letter = r"\x00-\x1f\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\u3000\ufeff\ufffd\ud800-\udfff:"
    return Plain(re.compile(rf"[\u4e00-\u9fff][^{letter}]{{3,{most - 2}}}[^{letter}\s]"))


def text_of(most: int) -> Parser:
    """A text of at most ``most`` letters."""

    def parse(text: str) -> Any:
        bare, problems = clean(text)
        if "://" in bare and _LOGIN.search(bare):
            return Noted(None, (*problems, LOGIN_IN_TEXT))
        if len(bare) > most:
            long = Problem(
                "too-long",
                f"It has {len(bare):,} letters; the catalogue takes {most}.",
                "Shorten it. Text of several cells in one is often a quotation mark that was never closed.",
            )
            return Noted(None, (*problems, long))
        if problems:
            return Noted(bare or None, problems)
        return bare or None

    return nothing(parse)


def choice(words: Mapping[Any, str], *, zero_unknown: bool = True, what: str) -> Parser:
    """A value of a closed set, by its number or one of its words.

    Args:
        words: Value → its words, separated by blanks; the first is how it is called in messages.
        zero_unknown: Whether 0 means "not reported", as GB/T 28181 has it.
        what: What the set is of.
    """
    table = {fold(str(value)): value for value in words}
    table |= {fold(word): value for value, names in words.items() for word in names.split()}
    known = ", ".join(f"{value} {names.split()[0]}" for value, names in words.items())
    unknown = Noted(
        None,
        (Problem("unknown-value", f"It is no {what} that is known here.", f"Write one of: {known}."),),
    )

    def within(text: str) -> Any:
        folded = fold(text)
        if zero_unknown and folded.strip("0.") == "" and folded:
            return None
        folded = folded.removesuffix(".0")  # of a number that passed through a spreadsheet
        found = table.get(folded)
        if found is None:
            # "1-球机", "1:球机", "球机(1)": a number with its own word.
            parts = {table.get(part) for part in _BETWEEN_WORDS.split(folded) if part}
            found = parts.pop() if len(parts) == 1 else None
        return unknown if found is None else found

    otherwise = nothing(within)

    def parse(text: str) -> Any:
        # First, because a set may have a word for nothing: 无 is a kind of supplementary light.
        found = table.get(text)
        return otherwise(text) if found is None else found

    return parse
