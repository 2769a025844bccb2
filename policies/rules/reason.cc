#include "policies/rules/reason.h"

#include <array>

namespace schemaguard::policies {

std::span<const ReasonText> all_reasons() {
  static constexpr std::array kReasons = {
      ReasonText{reason::kNotSanctioned,
                 "The statement changes the schema or who may do what, and the session is not a migrator's."},
      ReasonText{reason::kSetting,
                 "The statement changes a setting that decides how text is read, who acts, or which protection holds."},
      ReasonText{reason::kServerFile, "The statement reads or writes a file on the database server."},
      ReasonText{reason::kServerProgram, "COPY … PROGRAM would start a program on the database server."},
      ReasonText{reason::kLocalInfile,
                 "LOAD DATA LOCAL has the server ask the client for a file, and `local_infile` is not `allow`."},
      ReasonText{reason::kCluster, "The statement changes more than one database: the whole server."},
      ReasonText{reason::kCatalogWrite, "The statement writes into the system catalogs directly."},
      ReasonText{reason::kHistoryWrite, "The statement writes into the migration history table."},
      ReasonText{reason::kRunsSqlText, "The statement calls a function that runs SQL text or changes catalogs itself."},
      ReasonText{reason::kDynamicCode, "The code builds the statements that it runs, so that nobody can judge them."},
      ReasonText{reason::kUnreadableCode, "The code block is written in a language or a shape that cannot be read."},
      ReasonText{reason::kFunctionCall, "The client calls a function by its number, without any SQL text."},
      ReasonText{reason::kUnknownPrepared, "EXECUTE names a statement that was not prepared in sight of the guard."},
      ReasonText{reason::kUnread, "The text cannot be read with certainty, so that nobody can say what it would do."},
      ReasonText{reason::kRule, "A configured rule decided."},
      ReasonText{reason::kLoggedClass, "The statement passes and is recorded because of its class."},
      ReasonText{reason::kRestoreIntoLive,
                 "An earlier CREATE or DROP of this table was refused, so its data is not loaded either."},
      ReasonText{reason::kAfterRefusal,
                 "A rule with `after: refuse_writes` has refused an earlier statement of this session."},
  };
  return kReasons;
}

}  // namespace schemaguard::policies
