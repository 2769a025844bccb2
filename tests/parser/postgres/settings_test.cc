// What settings mean, by name and value.
#include "parser/postgres/settings.h"

#include <gtest/gtest.h>

namespace schemaguard::parser::postgres {
namespace {

TEST(SettingsTest, KnowsTheSettingsThatMatterInAnyCase) {
  EXPECT_EQ(setting_kind("Standard_Conforming_Strings"), SettingKind::kReading);
  EXPECT_EQ(setting_kind("client_encoding"), SettingKind::kReading);
  EXPECT_EQ(setting_kind("ROLE"), SettingKind::kIdentity);
  EXPECT_EQ(setting_kind("session_replication_role"), SettingKind::kProtection);
  EXPECT_EQ(setting_kind("pgaudit.log"), SettingKind::kProtection);
  EXPECT_EQ(setting_kind("local_preload_libraries"), SettingKind::kLoading);
  EXPECT_EQ(setting_kind("output_plugin_libraries"), SettingKind::kLoading);
  EXPECT_EQ(setting_kind("extension_control_path"), SettingKind::kLoading);
  EXPECT_EQ(setting_kind("search_path"), SettingKind::kNamePath);
  EXPECT_EQ(setting_kind("replication"), SettingKind::kReplication);
  for (const std::string_view name :
       {"application_name", "DateStyle", "extra_float_digits", "myapp.user_id", "row_security", "check_function_bodies",
        "escape_string_warning", "statement_timeout", ""}) {
    EXPECT_EQ(setting_kind(name), SettingKind::kOrdinary) << name;
  }
}

TEST(SettingsTest, KnowsTheEncodingsInWhichAnAsciiByteIsItself) {  // evasion 52
  for (const std::string_view name :
       {"UTF8", "utf-8", "UNICODE", "SQL_ASCII", "LATIN1", "iso_8859_1", "WIN1252", "EUC_JP"}) {
    EXPECT_TRUE(encoding_is_ascii_safe(name)) << name;
  }
  for (const std::string_view name : {"SJIS", "Shift_JIS_2004", "BIG5", "GBK", "UHC", "GB18030", "JOHAB", "windows-932",
                                      "mskanji", "", "made up", "default"}) {
    EXPECT_FALSE(encoding_is_ascii_safe(name)) << name;
  }
}

TEST(SettingsTest, TellsSafeValuesFromOthers) {
  EXPECT_TRUE(setting_value_is_safe("standard_conforming_strings", "ON"));
  EXPECT_TRUE(setting_value_is_safe("standard_conforming_strings", "t"));
  EXPECT_FALSE(setting_value_is_safe("standard_conforming_strings", "of"));
  EXPECT_FALSE(setting_value_is_safe("standard_conforming_strings", "o"));
  EXPECT_FALSE(setting_value_is_safe("standard_conforming_strings", ""));
  EXPECT_TRUE(setting_value_is_safe("session_replication_role", "origin"));
  EXPECT_FALSE(setting_value_is_safe("session_replication_role", "replica"));
  EXPECT_TRUE(setting_value_is_safe("allow_system_table_mods", "off"));
  EXPECT_FALSE(setting_value_is_safe("allow_system_table_mods", "1"));
  EXPECT_TRUE(setting_value_is_safe("event_triggers", "on"));
  EXPECT_FALSE(setting_value_is_safe("event_triggers", "off"));
  EXPECT_FALSE(setting_value_is_safe("local_preload_libraries", ""));
  EXPECT_TRUE(setting_value_is_safe("search_path", "anything"));
}

TEST(SettingsTest, ClassifiesChanges) {
  SettingChange change;
  change.name = "client_encoding";
  EXPECT_EQ(setting_class(change), StatementClass::kSetting) << "the value is not known";
  change.value = "UTF8";
  EXPECT_EQ(setting_class(change), StatementClass::kSession);
  change.value = "BIG5";
  EXPECT_EQ(setting_class(change), StatementClass::kSetting);
  change.reset = true;
  EXPECT_EQ(setting_class(change), StatementClass::kSession);
  change = {};
  change.name = "role";
  change.value = "admin";
  EXPECT_EQ(setting_class(change), StatementClass::kSession);
  change.name = "session_authorization";
  EXPECT_EQ(setting_class(change), StatementClass::kSetting);
}

TEST(SettingsTest, ASettingWithoutANameMayBeOneThatProtects) {
  SettingChange change;
  EXPECT_TRUE(unnamed_setting_may_protect(change)) << "neither is known";
  for (const std::string_view value : {"replica", "LOCAL", "on", "t", "yes", "1", "off", "false", "$libdir/x", "f()"}) {
    change.value = std::string(value);
    EXPECT_TRUE(unnamed_setting_may_protect(change)) << value;
  }
  for (const std::string_view value : {"view, foreign-table", "public", "repeatable read"}) {
    change.value = std::string(value);
    EXPECT_FALSE(unnamed_setting_may_protect(change)) << value;
  }
  change.value = "replica";
  change.name = "app.tenant";
  EXPECT_FALSE(unnamed_setting_may_protect(change)) << "the name is known";
}

}  // namespace
}  // namespace schemaguard::parser::postgres
