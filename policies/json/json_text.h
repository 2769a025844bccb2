// JSON text for the audit: strings that are always valid, always ASCII and always on one line, whatever bytes they
// are made from.
//
// UTF-8 becomes \uXXXX escapes (surrogate pairs above U+FFFF). A byte that is not part of valid UTF-8 becomes the four
// visible characters \xNN (written "\\xNN" in JSON), so nothing is dropped and no reader chokes on the line.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace schemaguard::policies {

// Appends the pieces as they are.
void append_pieces(std::string& out, std::initializer_list<std::string_view> pieces);

// Appends `text` with its quotes. At most `bytes_max` bytes of `text` are taken (never half a UTF-8 character); what
// was left out is said at the end: "…[+123 bytes]".
void append_json_string(std::string& out, std::string_view text, size_t bytes_max = std::string_view::npos);

// Appends a text that is JSON already as ASCII on one line: escapes what is not ASCII, blanks for line ends. A text
// that is not one JSON object is appended as a string.
void append_json_object_text(std::string& out, std::string_view json);

}  // namespace schemaguard::policies
