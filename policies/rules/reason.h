// Reason codes: the stable words that say why a verdict is what it is.
//
// They stand in the refusal's DETAIL, in `explain`, in the audit and in the README: add, never rename. A code says
// what decided; the sentence for people is built in policies/rules/refusal_text.h.
#pragma once

#include <span>
#include <string_view>

namespace schemaguard::policies {

namespace reason {
inline constexpr std::string_view kNotSanctioned = "not_sanctioned";
inline constexpr std::string_view kSetting = "protected_setting";
inline constexpr std::string_view kServerFile = "server_file";
inline constexpr std::string_view kServerProgram = "server_program";
inline constexpr std::string_view kLocalInfile = "local_infile";
inline constexpr std::string_view kCluster = "cluster_change";
inline constexpr std::string_view kCatalogWrite = "catalog_write";
inline constexpr std::string_view kHistoryWrite = "history_write";
inline constexpr std::string_view kRunsSqlText = "runs_sql_text";
inline constexpr std::string_view kDynamicCode = "dynamic_code";
inline constexpr std::string_view kUnreadableCode = "unreadable_code";
inline constexpr std::string_view kFunctionCall = "function_call";
inline constexpr std::string_view kUnknownPrepared = "unknown_prepared";
inline constexpr std::string_view kUnread = "unread";
inline constexpr std::string_view kRule = "rule";
inline constexpr std::string_view kLoggedClass = "logged_class";
inline constexpr std::string_view kRestoreIntoLive = "restore_into_live";
inline constexpr std::string_view kAfterRefusal = "after_refusal";
}  // namespace reason

struct ReasonText {
  std::string_view code;
  std::string_view sentence;  // one sentence for the README
};

// Every reason code with its sentence, in the order of the README's table.
std::span<const ReasonText> all_reasons();

}  // namespace schemaguard::policies
