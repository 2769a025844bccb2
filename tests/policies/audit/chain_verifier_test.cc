#include "policies/audit/chain_verifier.h"

#include <gtest/gtest.h>

#include "policies/audit/audit_format.h"
#include "policies/rules/concatenate.h"

namespace schemaguard::policies {
namespace {

// A chain of lines as the writer makes them; a "signature" is the message it covers, backwards.
class Chain {
 public:
  Chain& add(std::string_view members) {
    std::string line;
    head_ = append_audit_line(line, ++seq_, head_, concatenate({"\"ts\":\"t\",", members}));
    lines.push_back(line);
    return *this;
  }
  Chain& checkpoint(const std::string& key) {
    const std::string message = checkpoint_message(seq_ + 1, "t", head_);
    return add(concatenate({R"("event":"checkpoint","detail":{"key":")", key, R"(","signature":")",
                            std::to_string(std::hash<std::string>()(message)), "\"}"}));
  }
  Chain& gap(std::string_view detail) { return add(concatenate({R"("event":"gap","detail":{)", detail, "}"})); }
  [[nodiscard]] const std::string& head() const { return head_; }
  std::vector<std::string> lines;

 private:
  uint64_t seq_ = 0;
  std::string head_ = std::string(kAuditGenesisHash);
};

ChainReport verify(const std::vector<std::string>& lines, const std::string& head = "", const std::string& key = "") {
  ChainVerifier verifier(
      [](std::string_view, std::string_view message, std::string_view signature) {
        return std::to_string(std::hash<std::string>()(std::string(message))) == signature;
      },
      head, key);
  verifier.start_file("f");
  for (const std::string& line : lines) {
    const bool terminated = !line.empty() && line.back() == '\n';
    verifier.add_line(std::string_view(line).substr(0, line.size() - (terminated ? 1 : 0)), terminated);
  }
  return verifier.finish();
}

Chain five() {
  Chain chain;
  for (int index = 0; index < 5; ++index) chain.add(R"("event":"statement","statement":"ALTER TABLE t")");
  return chain;
}

TEST(ChainVerifier, a_whole_chain_is_good) {
  const Chain chain = five();
  const ChainReport report = verify(chain.lines);
  EXPECT_EQ(report.problem_count, 0U);
  EXPECT_EQ(report.lines, 5U);
  EXPECT_EQ(report.first_seq, 1U);
  EXPECT_EQ(report.last_seq, 5U);
  EXPECT_EQ(report.head, chain.head());
  EXPECT_FALSE(report.anchored);
}

TEST(ChainVerifier, every_changed_byte_is_found) {
  const Chain chain = five();
  for (size_t line = 0; line < chain.lines.size(); ++line) {
    for (size_t at = 0; at + 1 < chain.lines[line].size(); ++at) {
      std::vector<std::string> lines = chain.lines;
      lines[line][at] = static_cast<char>(lines[line][at] ^ 1);
      // A changed last line is a broken one as well: nothing accounts for its bytes.
      EXPECT_GT(verify(lines).problem_count, 0U) << line << " " << at;
    }
  }
}

TEST(ChainVerifier, removed_repeated_and_exchanged_lines_are_found) {
  const Chain chain = five();
  for (size_t index = 1; index + 1 < chain.lines.size(); ++index) {
    std::vector<std::string> removed = chain.lines;
    removed.erase(removed.begin() + static_cast<std::ptrdiff_t>(index));
    EXPECT_GT(verify(removed).problem_count, 0U);
    std::vector<std::string> repeated = chain.lines;
    repeated.insert(repeated.begin() + static_cast<std::ptrdiff_t>(index), repeated[index]);
    EXPECT_GT(verify(repeated).problem_count, 0U);
    std::vector<std::string> exchanged = chain.lines;
    std::swap(exchanged[index], exchanged[index + 1]);
    EXPECT_GT(verify(exchanged).problem_count, 0U);
  }
}

TEST(ChainVerifier, a_shortened_or_rewritten_chain_needs_an_anchor_to_be_found) {
  const Chain chain = five();
  std::vector<std::string> shorter = chain.lines;
  shorter.pop_back();
  EXPECT_EQ(verify(shorter).problem_count, 0U);
  EXPECT_EQ(verify(shorter, chain.head()).problem_count, 1U);
  Chain rewritten;
  for (int index = 0; index < 5; ++index) rewritten.add(R"("event":"statement","statement":"nothing")");
  EXPECT_EQ(verify(rewritten.lines).problem_count, 0U);
  EXPECT_EQ(verify(rewritten.lines, chain.head()).problem_count, 1U);
  Chain longer = chain;
  longer.add("\"event\":\"outcome\"");
  const ChainReport report = verify(longer.lines, chain.head());
  EXPECT_EQ(report.problem_count, 0U);
  EXPECT_TRUE(report.anchored);
  EXPECT_EQ(report.lines_after_anchor, 1U);
}

TEST(ChainVerifier, checkpoints_are_checked_and_keys_pinned) {
  Chain chain = five();
  chain.checkpoint("aa").add("\"event\":\"outcome\"");
  const ChainReport report = verify(chain.lines);
  EXPECT_EQ(report.problem_count, 0U);
  EXPECT_EQ(report.checkpoints, 1U);
  EXPECT_EQ(report.keys, std::vector<std::string>{"aa"});
  EXPECT_EQ(report.lines_after_last_checkpoint, 1U);
  EXPECT_EQ(verify(chain.lines, "", "aa").problem_count, 0U);
  EXPECT_EQ(verify(chain.lines, "", "bb").problem_count, 1U);
  // The chain is whole, but the signature covers another one.
  Chain forged;
  forged.add(R"("event":"checkpoint","detail":{"key":"aa","signature":"12"})");
  EXPECT_EQ(verify(forged.lines).problem_count, 1U);
}

TEST(ChainVerifier, foreign_bytes_are_accepted_only_where_a_gap_accounts_for_them) {
  Chain chain = five();
  chain.gap(R"("lost_records":2,"torn_bytes":7)").add("\"event\":\"outcome\"");
  std::vector<std::string> lines = chain.lines;
  EXPECT_GT(verify(lines).problem_count, 0U) << "the gap claims bytes that are not there";
  lines.insert(lines.begin() + 5, "{\"v\":1,\n");
  const ChainReport report = verify(lines);
  EXPECT_EQ(report.problem_count, 0U);
  ASSERT_EQ(report.gaps.size(), 1U);
  EXPECT_EQ(report.gaps[0].lost_records, 2U);
  EXPECT_EQ(report.gaps[0].torn_bytes, 7U);
  lines[5] = "{\"v\":1,,\n";
  EXPECT_GT(verify(lines).problem_count, 0U);
  std::vector<std::string> elsewhere = five().lines;
  elsewhere.insert(elsewhere.begin() + 2, "{\"v\":1,\n");
  EXPECT_GT(verify(elsewhere).problem_count, 0U);
}

TEST(ChainVerifier, the_words_of_a_gap_inside_a_statement_mean_nothing) {
  Chain chain = five();
  chain.add(R"("event":"statement","detail":{"event":"gap","torn_bytes":7})");
  std::vector<std::string> lines = chain.lines;
  lines.insert(lines.begin() + 5, "{\"v\":1,\n");
  EXPECT_GT(verify(lines).problem_count, 0U);
}

TEST(ChainVerifier, a_torn_end_is_told_and_no_problem) {
  std::vector<std::string> lines = five().lines;
  lines.emplace_back("{\"v\":1,\"se");
  const ChainReport report = verify(lines);
  EXPECT_EQ(report.problem_count, 0U);
  EXPECT_EQ(report.torn_tail_bytes, 10U);
}

TEST(ChainVerifier, a_chain_may_begin_inside_but_not_pretend_to_begin) {
  std::vector<std::string> lines = five().lines;
  lines.erase(lines.begin());
  EXPECT_EQ(verify(lines).problem_count, 0U);
  EXPECT_EQ(verify(lines).first_seq, 2U);
  std::string line;
  append_audit_line(line, 7, kAuditGenesisHash, "\"ts\":\"t\"");
  EXPECT_EQ(verify({line}).problem_count, 1U);
  line.clear();
  append_audit_line(line, 1, five().head(), "\"ts\":\"t\"");
  EXPECT_EQ(verify({line}).problem_count, 1U);
}

TEST(AuditFormat, only_the_frame_of_the_format_is_a_line) {
  std::string line;
  append_audit_line(line, 12, kAuditGenesisHash, "\"ts\":\"t\"");
  line.pop_back();
  const auto parts = split_audit_line(line);
  ASSERT_TRUE(parts.has_value());
  EXPECT_EQ(parts->seq, 12U);
  EXPECT_EQ(parts->prev, kAuditGenesisHash);
  EXPECT_TRUE(parts->hash_matches);
  for (size_t length = 0; length < line.size(); ++length) EXPECT_FALSE(split_audit_line(line.substr(0, length)));
  EXPECT_FALSE(split_audit_line(line + " "));
  std::string zero;
  append_audit_line(zero, 0, kAuditGenesisHash, "\"ts\":\"t\"");
  EXPECT_FALSE(split_audit_line(zero.substr(0, zero.size() - 1)));
}

}  // namespace
}  // namespace schemaguard::policies
