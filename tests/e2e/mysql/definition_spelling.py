"""One text for a list of tokens, in one of the many ways in which MariaDB reads the same thing.

A token is what the generator made: a key word or mark as it is, a name as `Name`. Key words change their case, names
their quotes; comments of all kinds and executable comments stand between them.
"""

SEPARATORS = (" ",) * 12 + ("\n", "\t", "  ", " /* x */ ", "/**/", " -- x; drop table t1\n", " # '\n", " /*!99999 nothing here */ ",
                            " /*!50701 drop */ ", " /*!*/ ", " /*! */ ", " /*!999999 x */ ")
EXECUTABLE = ("/*!", "/*! ", "/*!40101 ", "/*!50600 ", "/*!100100 ", "/*M! ", "/*M!100100 ", "/*!32302 ")


class Name(str):
    """A name that may be quoted."""


def quoted(name, mark="`"):
    return mark + name.replace(mark, mark * 2) + mark


class Spelling:
    def __init__(self, random):
        self.random = random

    def text(self, tokens, ansi_quotes):
        """`tokens` as one text; plain blanks and no comments in most of them, to find what is odd by itself."""
        flat = [token for token in _flat(tokens) if token != ""]
        words = [self._word(token, ansi_quotes) for token in flat]
        fancy = self.random.random() < 0.4
        if len(words) > 2 and self.random.random() < 0.15:
            first = self.random.randrange(len(words))
            last = self.random.randrange(first, len(words))
            words[first] = self.random.choice(EXECUTABLE) + words[first]
            words[last] += " */"
        text = words[0]
        for before, word in zip(words, words[1:]):
            separator = self.random.choice(SEPARATORS) if fancy else " "
            # A '.' and what stands beside it, a '(' behind a function's name.
            if word.startswith(".") or before.endswith("."):
                separator = "" if not fancy or self.random.random() < 0.8 else " "
            text += separator + word
        return text

    def _word(self, token, ansi_quotes):
        if isinstance(token, Name):
            plain = token.isidentifier() and token.isascii()
            marks = ["`", *(["\""] if ansi_quotes else []), *(["", "", ""] if plain else [])]
            mark = self.random.choice(marks)
            return quoted(token, mark) if mark else str(token)
        return self.random.choice((token, token, token.lower(), token.title())) if token.isalpha() else token


def _flat(tokens):
    for token in tokens:
        if isinstance(token, (list, tuple)):
            yield from _flat(token)
        else:
            yield token
