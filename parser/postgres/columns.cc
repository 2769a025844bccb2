#include "parser/postgres/columns.h"

#include <algorithm>
#include <optional>

#include "parser/postgres/names.h"

namespace schemaguard::parser::postgres {
namespace {

// The tokens of one column constraint: from its place to the next one's.
class ConstraintRanges {
 public:
  ConstraintRanges(const TreeNode& definition, TokenRange range, const ClauseCutter& clauses)
      : range_(range), clauses_(clauses) {
    for (const boost::json::value& item : list(definition, "constraints")) {
      if (const TypedNode node = typed_node(item)) note(*node.fields);
    }
    if (const TreeNode* collation = child(definition, "collClause")) note(*collation);
    std::sort(starts_.begin(), starts_.end());
  }

  [[nodiscard]] TokenRange of(const TreeNode& constraint) const {
    const std::optional<size_t> offset = location(constraint);
    const std::optional<size_t> start = offset ? clauses_.token_at(*offset) : std::nullopt;
    if (!start || *start < range_.first || *start >= range_.last) return {};
    const auto next = std::upper_bound(starts_.begin(), starts_.end(), *start);
    return {.first = *start, .last = next == starts_.end() ? range_.last : *next};
  }

 private:
  void note(const TreeNode& node) {
    const std::optional<size_t> offset = location(node);
    const std::optional<size_t> start = offset ? clauses_.token_at(*offset) : std::nullopt;
    if (start && *start >= range_.first && *start < range_.last) starts_.push_back(*start);
  }

  TokenRange range_;
  const ClauseCutter& clauses_;
  std::vector<size_t> starts_;
};

// What stands behind the word (DEFAULT …), a CONSTRAINT name in front left out.
std::string text_behind_word(TokenRange range, std::string_view word, const ClauseCutter& clauses) {
  const std::optional<size_t> found = clauses.find_word(range, word);
  return found ? clauses.text({.first = *found + 1, .last = range.last}) : std::string();
}

std::string text_in_brackets(TokenRange range, const ClauseCutter& clauses) {
  const std::optional<size_t> open = clauses.find_open(range);
  return open ? clauses.text(clauses.inside(*open)) : std::string();
}

char first_char(std::string_view word) { return word.empty() ? '\0' : word[0]; }

void read_constraint(const TreeNode& constraint, TokenRange range, const ClauseCutter& clauses,
                     ColumnDefinition& column) {
  const std::string_view type = text(constraint, "contype");
  if (type == "CONSTR_NOTNULL") {
    column.not_null = true;
  } else if (type == "CONSTR_DEFAULT") {
    column.default_expression = text_behind_word(range, "default", clauses);
  } else if (type == "CONSTR_IDENTITY") {
    column.identity = first_char(text(constraint, "generated_when"));
    column.not_null = true;
  } else if (type == "CONSTR_GENERATED") {
    column.generated = text(constraint, "generated_kind") == "v" ? 'v' : 's';
    column.generated_expression = text_in_brackets(range, clauses);
  } else if (type == "CONSTR_PRIMARY") {
    column.primary_key = true;
    column.not_null = true;
  } else if (type == "CONSTR_UNIQUE") {
    column.unique = true;
  } else if (type == "CONSTR_CHECK" || type == "CONSTR_FOREIGN" || type == "CONSTR_EXCLUSION") {
    const std::string written = clauses.text(range);
    if (!written.empty()) column.constraints.push_back(written);
  } else if (type.substr(0, 12) == "CONSTR_ATTR_" && !column.constraints.empty()) {
    // DEFERRABLE and its kin are nodes of their own that belong to the constraint before them.
    column.constraints.back() += ' ';
    column.constraints.back() += clauses.text(range);
  }
}

}  // namespace

ColumnDefinition read_column(const TreeNode& definition, TokenRange range, const ClauseCutter& clauses) {
  ColumnDefinition column;
  column.name = clip_identifier(text(definition, "colname"));
  if (const TreeNode* type = child(definition, "typeName")) column.type = type_text(*type);
  if (const TreeNode* collation = child(definition, "collClause")) {
    column.collation = qualified_name(strings_of(list(*collation, "collname"))).display();
  }
  const ConstraintRanges ranges(definition, range, clauses);
  for (const boost::json::value& item : list(definition, "constraints")) {
    const TypedNode node = typed_node(item);
    if (node.type == "Constraint") read_constraint(*node.fields, ranges.of(*node.fields), clauses, column);
  }
  return column;
}

void read_table_elements(const TreeList& elements, TokenRange after_name, const ClauseCutter& clauses, Change& change) {
  const std::optional<size_t> open = clauses.find_open(after_name);
  std::vector<TokenRange> pieces;
  if (open) pieces = clauses.split_list(*open + 1);
  const bool matched = pieces.size() == elements.size();
  for (size_t i = 0; i < elements.size(); ++i) {
    const TypedNode node = typed_node(elements[i]);
    const TokenRange range = matched ? pieces[i] : TokenRange{};
    if (node.type == "ColumnDef") {
      change.columns.push_back(read_column(*node.fields, range, clauses));
    } else if (node.type == "TableLikeClause") {
      change.shape_unknown = true;
    } else if (node.type == "Constraint") {
      if (!change.definition.empty()) change.definition += "\n";
      change.definition += clauses.text(range);
    }
  }
}

}  // namespace schemaguard::parser::postgres
