#include "policies/settlement/settlement.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "policies/rules/concatenate.h"
#include "policies/rules/effective_classes.h"
#include "policies/settlement/interference.h"

namespace schemaguard::policies {

namespace {

using parser::Change;
using parser::ObjectKind;
using parser::StatementFacts;

struct NamedKind {
  std::string_view word;  // behind "create_", "drop_", "rename_"
  CatalogKind kind;
};
constexpr std::array kNamedKinds = {
    NamedKind{"table", CatalogKind::kRelation},
    NamedKind{"view", CatalogKind::kRelation},
    NamedKind{"materialized_view", CatalogKind::kRelation},
    NamedKind{"foreign_table", CatalogKind::kRelation},
    NamedKind{"sequence", CatalogKind::kRelation},
    NamedKind{"index", CatalogKind::kRelation},
    NamedKind{"schema", CatalogKind::kSchema},
    NamedKind{"type", CatalogKind::kType},
    NamedKind{"domain", CatalogKind::kType},
    NamedKind{"function", CatalogKind::kRoutine},
    NamedKind{"procedure", CatalogKind::kRoutine},
    NamedKind{"routine", CatalogKind::kRoutine},
    NamedKind{"aggregate", CatalogKind::kRoutine},
    NamedKind{"trigger", CatalogKind::kTrigger},
    NamedKind{"policy", CatalogKind::kPolicy},
    NamedKind{"rule", CatalogKind::kRule},
    NamedKind{"statistics", CatalogKind::kStatistics},
    NamedKind{"extension", CatalogKind::kExtension},
    NamedKind{"role", CatalogKind::kRole},
    NamedKind{"publication", CatalogKind::kPublication},
};

std::optional<CatalogKind> named_kind(std::string_view word) {
  const auto* found = std::find_if(kNamedKinds.begin(), kNamedKinds.end(),
                                   [word](const NamedKind& named) { return named.word == word; });
  if (found == kNamedKinds.end()) return std::nullopt;
  return found->kind;
}

bool is_member_of_relation(CatalogKind kind) {
  return kind == CatalogKind::kTrigger || kind == CatalogKind::kPolicy || kind == CatalogKind::kRule;
}

// Whether the text of a CREATE may hold OR REPLACE: anything but a plain word behind CREATE counts as that.
bool may_replace(const Change& change) {
  std::string_view text = change.definition;
  const auto is_space = [](char byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; };
  const auto lower = [](char byte) { return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + 32 : byte); };
  const auto next_word = [&] {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    std::string word;
    while (!text.empty() && lower(text.front()) >= 'a' && lower(text.front()) <= 'z') {
      word.push_back(lower(text.front()));
      text.remove_prefix(1);
    }
    return word;
  };
  if (next_word() != "create") return true;
  const std::string second = next_word();
  return second.empty() || second == "or";
}

bool has_or_replace(CatalogKind kind, std::string_view change_kind) {
  return change_kind == "create_view" || is_member_of_relation(kind) || kind == CatalogKind::kRoutine;
}

// Puts the questions about one statement together.
class StatementQuestions {
 public:
  StatementQuestions(const LostStatement& statement, size_t index, std::vector<CatalogQuestion>& questions)
      : statement_(statement), index_(index), questions_(questions) {}

  void add(const Change& change) {
    const std::string_view kind = change.kind;
    if (change.concurrently || is_temporary(change, statement_.names)) return;
    const bool by_name = change.object.persistence == parser::Persistence::kByName && change.object.name.schema.empty();
    if (by_name && !statement_.names.temporary_certain) return;
    if (kind == "set_schema") return moved(change);
    if (kind == "add_enum_value") return member(change, CatalogKind::kEnumValue, made(change.if_not_exists));
    if (kind == "rename_enum_value") return renamed_member(change, CatalogKind::kEnumValue);
    if (change.object.kind == ObjectKind::kType || change.object.kind == ObjectKind::kDomain) {
      if (!change.member.empty()) return;  // attributes, and constraints of domains
    } else if (kind == "add_column") {
      return member(change, CatalogKind::kColumn, made(change.if_not_exists));
    } else if (kind == "drop_column") {
      return member(change, CatalogKind::kColumn, dropped(change.if_exists));
    } else if (kind == "rename_column") {
      return renamed_member(change, CatalogKind::kColumn);
    } else if (kind == "add_constraint") {
      return member(change, CatalogKind::kConstraint, made(false));
    } else if (kind == "drop_constraint") {
      return member(change, CatalogKind::kConstraint, dropped(change.if_exists));
    } else if (kind == "rename_constraint") {
      return renamed_member(change, CatalogKind::kConstraint);
    } else if (kind == "set_not_null") {
      return member(change, CatalogKind::kNotNullColumn, {.made = true, .if_absent = Proof::kRolledBack});
    } else if (kind == "drop_not_null") {
      return member(change, CatalogKind::kNotNullColumn, {.made = false, .if_there = Proof::kRolledBack});
    }
    for (const std::string_view verb : {"create_", "drop_", "rename_"}) {
      if (!kind.starts_with(verb)) continue;
      if (const auto named = named_kind(kind.substr(verb.size()))) whole_object(change, *named, verb);
      return;
    }
  }

 private:
  struct Meaning {
    bool made = false;
    Proof if_there = Proof::kNothing;
    Proof if_absent = Proof::kNothing;
  };

  [[nodiscard]] Meaning made(bool may_have_been_there) const {
    return {.made = true,
            .if_there = statement_.answered && !may_have_been_there ? Proof::kCommitted : Proof::kNothing,
            .if_absent = Proof::kRolledBack};
  }
  [[nodiscard]] Meaning dropped(bool may_have_been_absent) const {
    return {.made = false,
            .if_there = Proof::kRolledBack,
            .if_absent = statement_.answered && !may_have_been_absent ? Proof::kCommitted : Proof::kNothing};
  }
  // Nothing happens where the object of ALTER … IF EXISTS is not there.
  static Meaning unless_skipped(const Change& change, Meaning meaning) {
    if (change.if_exists && meaning.made) meaning.if_absent = Proof::kNothing;
    return meaning;
  }

  void ask(CatalogKind kind, std::string schema, std::string name, std::string member, bool makes_name,
           const Meaning& meaning) {
    if (name.empty() || (meaning.if_there == Proof::kNothing && meaning.if_absent == Proof::kNothing)) return;
    if (stands_in_schema(kind) && schema.empty() && statement_.path == PathKnowledge::kUnknown) return;
    if (schema.starts_with("pg_temp")) return;
    questions_.push_back({.kind = kind,
                          .schema = std::move(schema),
                          .name = std::move(name),
                          .member = std::move(member),
                          .makes_name = makes_name,
                          .statement = index_,
                          .if_there = meaning.if_there,
                          .if_absent = meaning.if_absent,
                          .made = meaning.made});
  }

  void member(const Change& change, CatalogKind kind, const Meaning& meaning) {
    if (change.member.empty()) return;
    ask(kind, change.object.name.schema, change.object.name.name, change.member, false,
        unless_skipped(change, meaning));
  }

  void renamed_member(const Change& change, CatalogKind kind) {
    if (change.member.empty() || change.new_name.empty()) return;
    const parser::ObjectName& name = change.object.name;
    ask(kind, name.schema, name.name, change.member, false, dropped(change.if_exists));
    ask(kind, name.schema, name.name, change.new_name, false, unless_skipped(change, made(false)));
  }

  void whole_object(const Change& change, CatalogKind kind, std::string_view verb) {
    const parser::ObjectName& own = change.object.name;
    const bool is_member = is_member_of_relation(kind);
    if (is_member && !change.relation) return;
    const parser::ObjectName& name = is_member ? change.relation->name : own;
    const std::string member = is_member ? own.name : std::string();
    if (verb == "create_") {
      Meaning meaning = made(change.if_not_exists || (has_or_replace(kind, change.kind) && may_replace(change)));
      if (kind == CatalogKind::kRoutine) meaning.if_there = Proof::kNothing;
      ask(kind, name.schema, name.name, member, !is_member, meaning);
    } else if (verb == "drop_") {
      Meaning meaning = dropped(change.if_exists);
      if (kind == CatalogKind::kRoutine) meaning.if_there = Proof::kNothing;
      ask(kind, name.schema, name.name, member, false, meaning);
    } else if (kind != CatalogKind::kRoutine && !change.new_name.empty()) {
      ask(kind, name.schema, name.name, member, false, dropped(change.if_exists));
      ask(kind, name.schema, is_member ? name.name : change.new_name, is_member ? change.new_name : member, false,
          unless_skipped(change, made(false)));
    }
  }

  void moved(const Change& change) {
    const parser::ObjectName& name = change.object.name;
    const auto kind = named_kind(object_kind_name(change.object.kind));
    if (!kind || (*kind != CatalogKind::kRelation && *kind != CatalogKind::kType)) return;
    if (name.schema == change.new_name) return;
    ask(*kind, name.schema, name.name, {}, false, dropped(change.if_exists));
    ask(*kind, change.new_name, name.name, {}, false, unless_skipped(change, made(false)));
  }

  const LostStatement& statement_;
  const size_t index_;
  std::vector<CatalogQuestion>& questions_;
};

// What may undo a change of the same transaction takes its force away.
void weaken(CatalogQuestion& question) { (question.made ? question.if_absent : question.if_there) = Proof::kNothing; }

bool proves_nothing(const CatalogQuestion& question) {
  return question.if_there == Proof::kNothing && question.if_absent == Proof::kNothing;
}

struct Finding {
  Proof proof = Proof::kNothing;
  bool contradicted = false;
  std::string evidence;
};

void take_answer(const CatalogQuestion& question, CatalogAnswer answer, Finding& finding) {
  if (answer == CatalogAnswer::kUndecided) return;
  const Proof proof = answer == CatalogAnswer::kThere ? question.if_there : question.if_absent;
  if (proof == Proof::kNothing) return;
  const std::string text =
      concatenate({question.display(), answer == CatalogAnswer::kThere ? " is there" : " is not there"});
  if (finding.proof == Proof::kNothing) {
    finding.proof = proof;
    finding.evidence = text;
  } else if (finding.proof != proof) {
    finding.contradicted = true;
    finding.evidence = concatenate({"the catalog contradicts itself: ", finding.evidence, ", ", text});
  }
}

SettledStatement settled(size_t statement, const Finding& finding, bool asked) {
  if (finding.contradicted) return {.statement = statement, .outcome = Outcome::kUnknown, .evidence = finding.evidence};
  switch (finding.proof) {
    case Proof::kCommitted:
      return {.statement = statement, .outcome = Outcome::kCommitted, .evidence = finding.evidence};
    case Proof::kRolledBack:
      return {.statement = statement, .outcome = Outcome::kRolledBack, .evidence = finding.evidence};
    case Proof::kNothing:
      break;
  }
  return {.statement = statement,
          .outcome = Outcome::kUnknown,
          .evidence = asked ? "what the catalog shows proves nothing" : "no change that the catalog could prove"};
}

}  // namespace

std::string_view catalog_kind_name(CatalogKind kind) {
  switch (kind) {
    case CatalogKind::kSchema:
      return "schema";
    case CatalogKind::kRelation:
      return "relation";
    case CatalogKind::kColumn:
      return "column";
    case CatalogKind::kNotNullColumn:
      return "NOT NULL of column";
    case CatalogKind::kConstraint:
      return "constraint";
    case CatalogKind::kType:
      return "type";
    case CatalogKind::kEnumValue:
      return "enum value";
    case CatalogKind::kRoutine:
      return "routine";
    case CatalogKind::kTrigger:
      return "trigger";
    case CatalogKind::kPolicy:
      return "policy";
    case CatalogKind::kRule:
      return "rule";
    case CatalogKind::kStatistics:
      return "statistics";
    case CatalogKind::kExtension:
      return "extension";
    case CatalogKind::kRole:
      return "role";
    case CatalogKind::kPublication:
      return "publication";
  }
  return "relation";
}

bool stands_in_schema(CatalogKind kind) {
  switch (kind) {
    case CatalogKind::kRelation:
    case CatalogKind::kColumn:
    case CatalogKind::kNotNullColumn:
    case CatalogKind::kConstraint:
    case CatalogKind::kType:
    case CatalogKind::kEnumValue:
    case CatalogKind::kRoutine:
    case CatalogKind::kTrigger:
    case CatalogKind::kPolicy:
    case CatalogKind::kRule:
    case CatalogKind::kStatistics:
      return true;
    case CatalogKind::kSchema:
    case CatalogKind::kExtension:
    case CatalogKind::kRole:
    case CatalogKind::kPublication:
      return false;
  }
  return true;
}

std::string CatalogQuestion::display() const {
  return concatenate(
      {catalog_kind_name(kind), " ", schema, schema.empty() ? "" : ".", name, member.empty() ? "" : ".", member});
}

std::vector<CatalogQuestion> settlement_questions(const LostTransaction& lost,
                                                  const std::vector<std::shared_ptr<const StatementFacts>>& elsewhere) {
  std::vector<CatalogQuestion> questions;
  for (size_t index = 0; index < lost.statements.size(); ++index) {
    const LostStatement& statement = lost.statements[index];
    if (!statement.facts || runs_unseen_code(*statement.facts)) continue;
    StatementQuestions of_statement(statement, index, questions);
    for (const Change& change : statement.facts->changes) {
      const size_t first = questions.size();
      of_statement.add(change);
      for (size_t at = questions.size(); at > first; --at) {
        CatalogQuestion& question = questions[at - 1];
        const Interference found = interference_within(lost, index, change, question);
        if (found == Interference::kMayUndo) weaken(question);
        const bool drop = found == Interference::kTouches || proves_nothing(question) ||
                          (question.schema.empty() && stands_in_schema(question.kind) && moves_schemas(lost)) ||
                          std::any_of(elsewhere.begin(), elsewhere.end(),
                                      [&](const auto& other) { return touches(*other, question); });
        if (drop) questions.erase(questions.begin() + static_cast<std::ptrdiff_t>(at - 1));
      }
    }
  }
  return questions;
}

std::vector<SettledStatement> settle(const LostTransaction& lost, const std::vector<CatalogQuestion>& questions,
                                     const CatalogAnswers& answers) {
  std::vector<Finding> findings(lost.atomic ? 1 : lost.statements.size());
  std::vector<bool> asked(findings.size(), false);
  const size_t count = std::min(questions.size(), answers.answers.size());
  for (size_t index = 0; index < count; ++index) {
    CatalogQuestion question = questions[index];
    if (answers.event_triggers) weaken(question);
    const size_t place = lost.atomic ? 0 : question.statement;
    asked[place] = true;
    take_answer(question, answers.answers[index], findings[place]);
  }
  std::vector<SettledStatement> result;
  for (size_t index = 0; index < lost.statements.size(); ++index) {
    const size_t place = lost.atomic ? 0 : index;
    result.push_back(settled(index, findings[place], asked[place]));
  }
  return result;
}

}  // namespace schemaguard::policies
