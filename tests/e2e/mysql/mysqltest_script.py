"""The statements of a mysqltest script (*.test), without mysqltest: only what sends SQL is kept.

Knows delimiters, `--command` lines, included files, the names of connections, and eval with variables that were set to
plain text. Blocks are played once, whatever their condition says; everything else that only the test program
understands is stepped over. What it cannot be sure of it leaves out.
"""
import pathlib
import re

SUITE = pathlib.Path("/usr/share/mysql/mysql-test")
INCLUDE_DEPTH_MAX = 8
COMMANDS = set("""
append_file assert break cat_file change_user character_set chmod connect connection copy_file dec delimiter die diff_files
dirty_close disable_abort_on_error disable_connect_log disable_info disable_metadata disable_parsing disable_ps_protocol
disable_ps2_protocol disable_query_log disable_reconnect disable_result_log disable_warnings disable_service_connection
disable_cursor_protocol disable_view_protocol disable_column_names disable_prepare_warnings disable_rpl_parse
disable_session_track_info disable_non_blocking_api disable_parsing disconnect echo enable_abort_on_error
enable_connect_log enable_info enable_metadata enable_parsing enable_ps_protocol enable_ps2_protocol enable_query_log
enable_reconnect enable_result_log enable_warnings enable_service_connection enable_cursor_protocol enable_view_protocol
enable_column_names enable_prepare_warnings enable_rpl_parse enable_session_track_info enable_non_blocking_api
end end_timer enable_parsing error evalp exec exec_in_background execw exit file_exists force_cpdir force_rmdir
horizontal_results inc let lowercase_result mkdir move_file optimizer_trace output perl ping query_get_value real_sleep
reap remove_file remove_files_wildcard replace_column replace_numeric_round replace_regex replace_result require
reset_connection result result_format rmdir save_master_pos send_quit send_shutdown shutdown_server skip sleep
sorted_result partially_sorted_result source start_timer sync_slave_with_master sync_with_master system
vertical_results wait_for_slave_to_stop write_file list_files list_files_write_file list_files_append_file
eval_write_file copy_files_wildcard sql_server
""".split())
SENDERS = {"query", "query_vertical", "query_horizontal", "send", "evalp", "eval", "send_eval"}
HERE_DOCUMENT = re.compile(r"(--\s*)?(write_file|append_file|perl)\b", re.I)
VARIABLE = re.compile(r"\$(\w+)")




def statements_of(script):
    """(name of the connection, SQL text) of all that the script sends, in order."""
    yield from ScriptReader().read(script)


class ScriptReader:
    def __init__(self):
        self.variables = {}
        self.delimiter = ";"
        self.connection = "default"
        self.depth = 0

    def read(self, script):
        if self.depth == INCLUDE_DEPTH_MAX:
            return
        self.depth += 1
        lines = script.read_bytes().decode("utf-8", "replace").split("\n")
        yield from self._lines(lines, script.parent)
        self.depth -= 1

    def _lines(self, lines, folder):
        index, pending = 0, ""
        while index < len(lines):
            line = lines[index]
            index += 1
            stripped = line.strip()
            if not pending.strip():
                pending = ""
                if not stripped or stripped.startswith("#") or stripped == "}":
                    continue
                if stripped.startswith("--"):
                    yield from self._command(stripped[2:].strip(), folder)
                    if HERE_DOCUMENT.match(stripped):
                        index = _behind_here_document(lines, index, stripped)
                    continue
                if re.match(r"(if|while)\s*\(", stripped, re.I):
                    while "{" not in line and index < len(lines):
                        line = lines[index]
                        index += 1
                    pending = line.split("{", 1)[1] if "{" in line else ""
                    continue
                if stripped.startswith(("{", "}")):
                    pending = stripped[1:]
                    continue
            pending += line + "\n"
            while (end := _delimiter_position(pending, self.delimiter)) is not None:
                statement, pending = pending[:end].strip(), pending[end + len(self.delimiter):].lstrip()
                yield from self._statement(statement, folder)
                if HERE_DOCUMENT.match(statement):
                    index = _behind_here_document(lines, index, statement)
                if pending.startswith("#"):
                    pending = ""

    def _command(self, text, folder):
        word, _, rest = text.partition(" ")
        if word.lower() == "delimiter":
            self.delimiter = rest.strip() or ";"
        else:
            yield from self._test_command(word.lower(), rest.strip().rstrip(";"), folder)

    def _statement(self, text, folder):
        while text.startswith("#") or text.startswith("}"):
            text = text.partition("\n")[2].strip() if text.startswith("#") else text[1:].strip()
        found = re.match(r"[A-Za-z_]\w*", text)
        word = found[0].lower() if found else ""
        if word == "delimiter":
            self.delimiter = text[len(word):].strip() or ";"
        elif word in COMMANDS or word in SENDERS:
            yield from self._test_command(word, text[len(word):].strip(), folder)
        elif text and not text.startswith("$"):
            yield self.connection, text

    def _test_command(self, word, rest, folder):
        if word in SENDERS:
            text = self._substituted(rest) if "eval" in word else rest
            if text:
                yield self.connection, text
        elif word == "let":
            self._set(rest)
        elif word == "source":
            yield from self._included(rest, folder)
        elif word == "connect":
            self.connection = rest.lstrip("( ").split(",")[0].strip()
        elif word == "connection":
            self.connection = rest.strip()

    def _included(self, name, folder):
        name = self._substituted(name.strip())
        for place in (SUITE, folder, folder.parent):
            if name and (place / name).is_file():
                yield from self.read(place / name)
                return

    def _substituted(self, text):
        """The text with its variables filled in; None when one is not known."""
        known = True

        def value(found):
            nonlocal known
            known = known and found[1] in self.variables
            return self.variables.get(found[1], "")

        text = VARIABLE.sub(value, text)
        return text if known and "$" not in text else None

    def _set(self, text):
        found = re.match(r"\s*\$(\w+)\s*=\s*(.*)", text, re.S)
        if not found:
            return
        value = self._substituted(found[2].strip().rstrip(";"))
        if value is None or value.startswith("`") or "query_get_value" in value:
            self.variables.pop(found[1], None)
        else:
            self.variables[found[1]] = value


def _behind_here_document(lines, index, command):
    end = command.split()[-1] if re.search(r"\s(EOF|\w*END\w*|\w*EOF\w*)$", command) else "EOF"
    while index < len(lines) and lines[index].strip() != end:
        index += 1
    return index + 1


def _delimiter_position(text, delimiter):
    """Where the delimiter stands outside of quotes and comments, or None."""
    position = 0
    quote = None
    while position < len(text):
        byte = text[position]
        if quote:
            if byte == "\\" and quote != "`":
                position += 1
            elif byte == quote:
                quote = None
        elif text.startswith(delimiter, position):
            return position
        elif byte in "'\"`":
            quote = byte
        elif byte == "#" or text.startswith("-- ", position):
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        position += 1
    return None
