#include "policies/settlement/mysql_settlement.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "parser/words.h"
#include "policies/rules/concatenate.h"
#include "policies/rules/effective_classes.h"

namespace schemaguard::policies {

namespace {

using parser::Change;
using parser::equals_ignoring_case;
using parser::StatementFacts;

struct NamedThing {
  std::string_view word;  // behind "create_", "drop_"
  MysqlThing thing;
};
constexpr std::array kNamedThings = {
    NamedThing{"table", MysqlThing::kTable},         NamedThing{"view", MysqlThing::kTable},
    NamedThing{"sequence", MysqlThing::kTable},      NamedThing{"database", MysqlThing::kDatabase},
    NamedThing{"procedure", MysqlThing::kProcedure}, NamedThing{"function", MysqlThing::kFunction},
    NamedThing{"event", MysqlThing::kEvent},
};

std::optional<MysqlThing> named_thing(std::string_view word) {
  const auto* found = std::find_if(kNamedThings.begin(), kNamedThings.end(),
                                   [word](const NamedThing& named) { return named.word == word; });
  if (found == kNamedThings.end()) return std::nullopt;
  return found->thing;
}

// Its changes may be made, or not, or others beside them.
bool runs_unseen_code(const StatementFacts& facts) {
  if (facts.classes.has(parser::StatementClass::kUnread) || facts.explain) return true;
  if (facts.command == "BEGIN NOT ATOMIC" || facts.command == "COMPOUND STATEMENT" || facts.command == "CALL") {
    return true;
  }
  return facts.opaque != parser::OpaqueReason::kNone && !facts.command.starts_with("CREATE ");
}

// A key that the text names twice may have got either name; the primary key has one of its own.
bool has_certain_name(const Change& constraint) {
  if (constraint.member == "PRIMARY") return true;
  const std::string text = parser::to_lower(constraint.definition);
  const auto holds = [&text](std::string_view word) { return text.find(word) != std::string::npos; };
  return (holds("foreign") || holds("check")) && !holds("primary") && !holds("unique");
}

// Whether both questions are about one name. Unique keys are indexes and constraints at the same time.
bool same_name(const MysqlQuestion& a, const MysqlQuestion& b) {
  const auto kind = [](MysqlThing thing) { return thing == MysqlThing::kConstraint ? MysqlThing::kIndex : thing; };
  return kind(a.thing) == kind(b.thing) && equals_ignoring_case(a.database, b.database) &&
         equals_ignoring_case(a.name, b.name) && equals_ignoring_case(a.member, b.member);
}

// Puts the questions about one statement together.
class MysqlStatementQuestions {
 public:
  MysqlStatementQuestions(const LostStatement& statement, size_t index) : statement_(statement), index_(index) {}

  std::vector<MysqlQuestion> take() {
    const std::vector<Change>& changes = statement_.facts->changes;
    replaces_ = statement_.facts->command.starts_with("CREATE ") && !changes.empty() &&
                changes.front().kind.starts_with("drop_");
    renames_ =
        std::any_of(changes.begin(), changes.end(), [](const Change& one) { return one.kind == "rename_table"; });
    for (const Change& change : changes) add(change);
    std::vector<MysqlQuestion> once;
    for (const MysqlQuestion& question : questions_) {
      const auto count = std::count_if(questions_.begin(), questions_.end(),
                                       [&](const MysqlQuestion& other) { return same_name(question, other); });
      if (count == 1) once.push_back(question);
    }
    const bool several = drops_ > 1;
    for (MysqlQuestion& question : once) question.one_of_several = several && !question.made;
    // One of the drop's objects is not asked for: of the others nothing follows for all.
    if (several && once.size() != drops_) once.clear();
    return once;
  }

 private:
  void add(const Change& change) {
    const std::string_view kind = change.kind;
    if (kind.starts_with("drop_") && statement_.facts->command.starts_with("DROP ")) ++drops_;
    if (is_temporary(change, statement_.names)) return;
    const bool by_name = change.object.persistence == parser::Persistence::kByName;
    if (by_name && !statement_.names.temporary_certain) return;
    if (kind == "rename_table") return renamed_table(change);
    if (renames_) return;
    if (kind == "add_column") return member(change, MysqlThing::kColumn, true);
    if (kind == "drop_column") return member(change, MysqlThing::kColumn, false);
    if (kind == "rename_column") return renamed_column(change);
    if (kind == "add_constraint" && has_certain_name(change)) return member(change, MysqlThing::kConstraint, true);
    if (kind == "drop_constraint") return member(change, MysqlThing::kConstraint, false);
    if (kind == "create_index" || kind == "drop_index") return index(change, kind == "create_index");
    if (kind == "create_trigger" || kind == "drop_trigger") return trigger(change, kind == "create_trigger");
    for (const std::string_view verb : {"create_", "drop_"}) {
      if (!kind.starts_with(verb)) continue;
      if (const auto thing = named_thing(kind.substr(verb.size()))) whole_object(change, *thing, verb == "create_");
      return;
    }
  }

  [[nodiscard]] std::string database_of(const parser::ObjectName& name) const {
    if (!name.schema.empty()) return name.schema;
    const SessionNames& names = statement_.names;
    return names.search_path_certain && !names.search_path.empty() ? names.search_path.front() : std::string();
  }

  void ask(MysqlQuestion question, const Change& change) {
    if (question.database.empty() || (question.name.empty() && question.member.empty())) return;
    if (!question.made && replaces_) return;
    question.statement = index_;
    question.may_be_missing = !question.made && change.if_exists;
    question.absence_proves = !replaces_ && !change.if_exists && question.thing != MysqlThing::kEvent;
    questions_.push_back(std::move(question));
  }

  void member(const Change& change, MysqlThing thing, bool made, std::string_view name = {}) {
    const std::string_view chosen = name.empty() ? std::string_view(change.member) : name;
    if (chosen.empty()) return;
    const parser::ObjectName& table = change.object.name;
    ask({.thing = thing,
         .database = database_of(table),
         .name = table.name,
         .member = std::string(chosen),
         .made = made},
        change);
  }

  void renamed_column(const Change& change) {
    if (change.member.empty() || change.new_name.empty()) return;
    member(change, MysqlThing::kColumn, false);
    member(change, MysqlThing::kColumn, true, change.new_name);
  }

  void index(const Change& change, bool made) {
    if (!change.relation || change.object.name.name.empty()) return;
    const parser::ObjectName& table = change.relation->name;
    ask({.thing = MysqlThing::kIndex,
         .database = database_of(table),
         .name = table.name,
         .member = change.object.name.name,
         .made = made},
        change);
  }

  void trigger(const Change& change, bool made) {
    ask({.thing = MysqlThing::kTrigger,
         .database = database_of(change.object.name.schema.empty() && change.relation ? change.relation->name
                                                                                      : change.object.name),
         .name = change.relation ? change.relation->name.name : std::string(),
         .member = change.object.name.name,
         .made = made},
        change);
  }

  void whole_object(const Change& change, MysqlThing thing, bool made) {
    // A loadable function stands in no database.
    if (thing == MysqlThing::kFunction && statement_.facts->classes.has(parser::StatementClass::kCluster)) return;
    const parser::ObjectName& name = change.object.name;
    if (name.name.empty()) return;
    if (thing == MysqlThing::kDatabase) {
      ask({.thing = thing, .database = name.name, .name = name.name, .made = made}, change);
    } else {
      ask({.thing = thing, .database = database_of(name), .name = name.name, .made = made}, change);
    }
  }

  void renamed_table(const Change& change) {
    if (change.shape_unknown || change.new_name.empty()) return;
    const parser::ObjectName& old_name = change.object.name;
    const size_t dot = change.new_name.find('.');
    const bool qualified = dot != std::string::npos;
    // A dot may as well belong to a quoted name.
    if (qualified && change.new_name.find('.', dot + 1) != std::string::npos) return;
    const parser::ObjectName target{.catalog = {},
                                    .schema = qualified ? change.new_name.substr(0, dot) : std::string(),
                                    .name = qualified ? change.new_name.substr(dot + 1) : change.new_name};
    ask({.thing = MysqlThing::kTable, .database = database_of(old_name), .name = old_name.name, .made = false}, change);
    ask({.thing = MysqlThing::kTable, .database = database_of(target), .name = target.name, .made = true}, change);
  }

  const LostStatement& statement_;
  const size_t index_;
  std::vector<MysqlQuestion> questions_;
  size_t drops_ = 0;  // objects that a DROP names
  bool replaces_ = false;
  bool renames_ = false;
};

Proof proof_of(const MysqlQuestion& question, const MysqlAnswer& answer) {
  if (answer.now == CatalogAnswer::kUndecided) return Proof::kNothing;
  const bool there = answer.now == CatalogAnswer::kThere;
  if (question.made) {
    if (!there) return question.absence_proves ? Proof::kRolledBack : Proof::kNothing;
    return answer.before == CatalogAnswer::kAbsent || answer.dated_since ? Proof::kCommitted : Proof::kNothing;
  }
  // A database goes last, behind its tables.
  if (there) return question.thing == MysqlThing::kDatabase ? Proof::kNothing : Proof::kRolledBack;
  return answer.before == CatalogAnswer::kThere ? Proof::kCommitted : Proof::kNothing;
}

std::string evidence_of(const MysqlQuestion& question, const MysqlAnswer& answer, Proof proof) {
  const bool there = answer.now == CatalogAnswer::kThere;
  std::string text = concatenate({question.display(), there ? " is there" : " is not there"});
  if (proof != Proof::kCommitted) return text;
  const bool moved = answer.before != CatalogAnswer::kUndecided && answer.before != answer.now;
  if (moved) return text += there ? ", and was not while the statement ran" : ", and was while the statement ran";
  return text += ", and dates from after the statement";
}

constexpr std::string_view kProvesNothing = "what the catalog shows proves nothing";

struct Verdicts {
  size_t asked = 0, committed = 0, rolled_back = 0, let_be = 0;  // let_be: missing, as IF EXISTS allows
  bool one_of_several = false;
  std::string evidence;  // of the first proof
  std::string all;       // what was found of each
};

SettledStatement settled(size_t statement, const Verdicts& found) {
  SettledStatement result{.statement = statement, .outcome = Outcome::kUnknown, .evidence = {}};
  if (found.asked == 0) {
    result.evidence = "no change that the catalog could prove";
  } else if (found.one_of_several) {
    if (found.rolled_back == found.asked) {
      result.outcome = Outcome::kRolledBack;
    } else if (found.committed > 0 && found.committed + found.let_be == found.asked) {
      result.outcome = Outcome::kCommitted;
    }
    const bool half = found.rolled_back > 0 && result.outcome == Outcome::kUnknown;
    result.evidence = half ? concatenate({"the statement may be half done: ", found.all}) : found.all;
    if (result.outcome == Outcome::kUnknown && !half) result.evidence = kProvesNothing;
  } else if (found.committed > 0 && found.rolled_back > 0) {
    result.evidence = concatenate({"the catalog contradicts itself: ", found.all});
  } else if (found.committed + found.rolled_back > 0) {
    result.outcome = found.committed > 0 ? Outcome::kCommitted : Outcome::kRolledBack;
    result.evidence = found.evidence;
  } else {
    result.evidence = kProvesNothing;
  }
  return result;
}

bool may_be_same(std::string_view name, std::string_view database, const MysqlQuestion& question) {
  return equals_ignoring_case(name, question.name) &&
         (database.empty() || equals_ignoring_case(database, question.database));
}

// Names as renames have them: "shop.t" or "t".
bool new_name_is(std::string_view new_name, const MysqlQuestion& question) {
  const size_t dot = new_name.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? new_name : new_name.substr(dot + 1);
  return equals_ignoring_case(new_name, question.name) || equals_ignoring_case(last, question.name);
}

bool change_touches(const Change& change, const MysqlQuestion& question) {
  const parser::ObjectName& name = change.object.name;
  if (change.object.kind == parser::ObjectKind::kDatabase) {
    return name.name.empty() || equals_ignoring_case(name.name, question.database);
  }
  if (name.name.empty() && !change.relation) return true;  // nobody knows what it is about
  if (question.thing == MysqlThing::kTrigger) {
    if (equals_ignoring_case(name.name, question.member)) return true;
    if (question.name.empty()) return change.kind == "drop_table" || change.kind == "rename_table";
  }
  if (may_be_same(name.name, name.schema, question)) return true;
  if (change.relation && may_be_same(change.relation->name.name, change.relation->name.schema, question)) return true;
  return change.kind == "rename_table" && new_name_is(change.new_name, question);
}

}  // namespace

std::string_view mysql_thing_name(MysqlThing thing) {
  switch (thing) {
    case MysqlThing::kDatabase:
      return "database";
    case MysqlThing::kTable:
      return "table";
    case MysqlThing::kColumn:
      return "column";
    case MysqlThing::kIndex:
      return "index";
    case MysqlThing::kConstraint:
      return "constraint";
    case MysqlThing::kProcedure:
      return "procedure";
    case MysqlThing::kFunction:
      return "function";
    case MysqlThing::kTrigger:
      return "trigger";
    case MysqlThing::kEvent:
      return "event";
  }
  return "table";
}

std::string MysqlQuestion::display() const {
  if (thing == MysqlThing::kDatabase) return concatenate({"database ", database});
  if (thing == MysqlThing::kTrigger) return concatenate({"trigger ", database, ".", member});
  return concatenate({mysql_thing_name(thing), " ", database, ".", name, member.empty() ? "" : ".", member});
}

std::vector<MysqlQuestion> mysql_settlement_questions(const LostTransaction& lost) {
  std::vector<MysqlQuestion> questions;
  for (size_t index = 0; index < lost.statements.size(); ++index) {
    const LostStatement& statement = lost.statements[index];
    // What was answered had no schema changes, or is settled by its answer.
    if (!statement.facts || statement.answered || runs_unseen_code(*statement.facts)) continue;
    std::vector<MysqlQuestion> own = MysqlStatementQuestions(statement, index).take();
    // Another statement of the same packet may be about the same thing, and nobody knows which of them has run.
    for (size_t other = 0; other < lost.statements.size(); ++other) {
      const StatementFacts* facts = lost.statements[other].facts.get();
      if (other == index) continue;
      if (facts == nullptr || runs_unseen_code(*facts) ||
          std::any_of(own.begin(), own.end(),
                      [&](const MysqlQuestion& question) { return touches_in_mysql(*facts, question); })) {
        own.clear();
      }
    }
    if (questions.size() + own.size() > kMysqlQuestionsMax) continue;
    questions.insert(questions.end(), own.begin(), own.end());
  }
  return questions;
}

bool touches_in_mysql(const StatementFacts& facts, const MysqlQuestion& question) {
  return std::any_of(facts.changes.begin(), facts.changes.end(),
                     [&](const Change& change) { return change_touches(change, question); });
}

std::vector<SettledStatement> settle_mysql(const LostTransaction& lost, const std::vector<MysqlQuestion>& questions,
                                           const std::vector<MysqlAnswer>& answers) {
  std::vector<Verdicts> found(lost.statements.size());
  const size_t count = std::min(questions.size(), answers.size());
  for (size_t at = 0; at < count; ++at) {
    const MysqlQuestion& question = questions[at];
    const MysqlAnswer& answer = answers[at];
    Verdicts& own = found[question.statement];
    ++own.asked;
    own.one_of_several = question.one_of_several;
    const Proof proof = proof_of(question, answer);
    if (proof == Proof::kCommitted) ++own.committed;
    if (proof == Proof::kRolledBack) ++own.rolled_back;
    if (proof == Proof::kNothing && question.may_be_missing && answer.now == CatalogAnswer::kAbsent) ++own.let_be;
    if (answer.now == CatalogAnswer::kUndecided) continue;
    const std::string text = evidence_of(question, answer, proof);
    if (proof != Proof::kNothing && own.evidence.empty()) own.evidence = text;
    own.all += own.all.empty() ? text : concatenate({"; ", text});
  }
  std::vector<SettledStatement> result;
  for (size_t index = 0; index < lost.statements.size(); ++index) result.push_back(settled(index, found[index]));
  return result;
}

}  // namespace schemaguard::policies
