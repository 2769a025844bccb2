// SessionScript: a conversation between client, guard and server as a list of steps, played against a real Session.
//
// Each step feeds bytes on one leg and says exactly what must come out on both. play() runs the whole list three times:
// with every feed whole, packet by packet, and byte by byte (very long feeds in odd pieces instead). Reading, policy
// and redaction are the real ones. The guard's own SET of the tracking is shown as tracking_request(), whatever its
// text.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parser/mysql/server_packets.h"
#include "parser/mysql/wire_format.h"
#include "policies/rules/policy.h"
#include "proxy/mysql/session.h"
#include "tests/proxy/session/services_script.h"

namespace schemaguard::proxy::mysql {

// Builders for whole packets of a client.
std::string packet(std::string_view payload, uint8_t sequence);
std::string command(parser::mysql::Command which, std::string_view body = {});
std::string query(std::string_view text);
std::string prepare(std::string_view text);
std::string execute(uint32_t id, std::string_view parameters = {});
std::string bulk_execute(uint32_t id, std::string_view parameters = {});
std::string long_data(uint32_t id, std::string_view data);
std::string fetch(uint32_t id, uint32_t rows);
std::string close_statement(uint32_t id);
std::string reset_statement(uint32_t id);
std::string init_db(std::string_view name);
std::string set_option(uint16_t option);
std::string reset_connection();
std::string ping();
std::string quit();
std::string change_user(std::string_view user, std::string_view database, std::string_view plugin = {});
// What the guard sends to make the server report how texts will be read.
std::string tracking_request();

struct Login {
  uint32_t capabilities = 0;
  uint32_t mariadb = 0;
  std::string user = "app";
  std::string auth_response = "secret";
  std::string database = "shop";
  std::string plugin = "mysql_native_password";
  std::vector<std::pair<std::string, std::string>> attributes;
};
std::string login_body(const Login& login);
std::string login_packet(const Login& login, uint8_t sequence = 1);
std::string ssl_request(uint32_t capabilities);

// Builders for whole packets of a server.
struct Hello {
  std::string version = "5.5.5-10.11.19-MariaDB";
  uint32_t capabilities = 0;
  uint32_t mariadb = 0;
  std::string plugin = "mysql_native_password";
};
std::string greeting(const Hello& hello);
struct OkAnswer {
  uint16_t status = parser::mysql::kStatusAutocommit;
  std::string track;    // content of the session-track block
  uint8_t padding = 0;  // zero bytes in front of it
  std::string info;
  uint8_t header = parser::mysql::kOkHeader;
};
std::string ok(uint8_t sequence = 1, const OkAnswer& answer = {});
std::string error(uint16_t number, std::string_view sqlstate, std::string_view text, uint8_t sequence = 1);
std::string eof(uint8_t sequence, uint16_t status = parser::mysql::kStatusAutocommit);
// One column, one row, and the OK that ends them (the scripts' client leaves out EOF packets). Takes four numbers.
std::string rows(uint8_t sequence = 1, uint16_t status = parser::mysql::kStatusAutocommit);
std::string prepared(uint32_t id, uint16_t parameters = 0, uint16_t columns = 0);
std::string auth_switch(std::string_view plugin, uint8_t sequence);
std::string auth_more(std::string_view data, uint8_t sequence);
std::string file_request(std::string_view name);
// Entries of a session-track block.
std::string tracked(std::string_view name, std::string_view value);
std::string tracked_schema(std::string_view name);
// The OK of the guard's SET.
std::string tracking_ok(std::string_view sql_mode = "", std::string_view character_set = "utf8mb4");
// What a server says of itself when the guard asks; "": an error.
std::string server_answer(std::string_view row = {});

class SessionScript {
 public:
  using Check = std::function<void(Session&, ScriptServices&)>;

  SessionScript();
  policies::PolicyOptions policy_options;
  // Policies of single databases; mode and audit as everywhere else unless a script changes them.
  std::vector<std::pair<std::string, policies::PolicyOptions>> database_policies;
  ServerConfig server_config;
  Limits limits;
  ClientOrigin origin;
  Hello hello;
  Login login;
  policies::Mode mode = policies::Mode::kEnforce;
  bool audit_blocks = false;
  bool audit_works = true;
  // Parse jobs and audit waits stay open until answer_parse_job() and answer_audit().
  bool answers_by_hand = false;
  size_t held_bytes_max = 1UL << 30;
  // What the server answers to the guard's question about itself ("0w": names are exact, writes are taken); nothing: an
  // error. The question is not shown, its answer comes before whatever the server says next.
  std::string server_row;

  // The client sends `bytes`; exactly `to_server` is forwarded and `to_client` answered.
  SessionScript& client(std::string bytes, std::string to_server, std::string to_client = {});
  SessionScript& server(std::string bytes, std::string to_client, std::string to_server = {});
  // The same, expecting the bytes unchanged on the other leg.
  SessionScript& client_passes(const std::string& bytes);
  SessionScript& server_passes(const std::string& bytes);
  // The client's bytes wait: nothing comes out.
  SessionScript& client_waits(std::string bytes);
  // The answer passes, and what waited for it goes on.
  SessionScript& server_releases(const std::string& bytes, std::string to_server);
  // The client gets an ERR behind what else `to_client` says, and nothing goes on.
  SessionScript& client_gets_error(std::string bytes, uint16_t number, std::string text, uint8_t sequence = 1);
  SessionScript& client_refused(std::string bytes, std::string text = "blocked", uint8_t sequence = 1);
  // The answer passes, and the refusal of what waited for it comes behind it.
  // `to_client`: what the client sees of the answer, where that is not all of it.
  SessionScript& server_then_refused(const std::string& bytes, std::string text = "blocked",
                                     std::optional<std::string> to_client = std::nullopt);
  SessionScript& does(std::function<void(Session&)> action);
  // An event that is no byte, with what it brings out on both legs.
  SessionScript& acts(Check action, std::string to_server, std::string to_client = {});
  SessionScript& sets_mode(policies::Mode mode);
  // Every outcome in the audit so far, in order.
  SessionScript& expects_outcomes(std::vector<policies::Outcome> outcomes);
  // The session has ended, with an ERR of this number as its last words (0: without a word).
  SessionScript& client_ends_session(std::string bytes, uint16_t number);
  SessionScript& server_ends_session(std::string bytes, uint16_t number);
  SessionScript& expects_end();
  SessionScript& expects(Check check);

  // The upstream is reached and greets; the client sees the greeting without what the guard cannot decode.
  SessionScript& greets();
  // Greeting, login, OK, and the guard's SET with its OK.
  SessionScript& logs_in(std::string user = "app", std::string database = "shop");
  // One harmless query with its answer: the session is in step.
  SessionScript& is_in_step();
  // A statement that the guard judges and lets pass, with an OK.
  SessionScript& runs(std::string_view text, const OkAnswer& answer = {});
  void play();

 private:
  enum class Leg : uint8_t { kClient, kServer, kAction };
  struct Error {
    uint16_t number = 0;
    std::string sqlstate;
    std::string text;
    uint8_t sequence = 1;
  };
  struct Entry {
    Leg leg = Leg::kAction;
    std::string bytes;
    std::string to_server;
    std::string to_client;
    std::optional<Error> error;      // behind to_client
    std::optional<uint16_t> ending;  // the session ends with it
    Check action;
    bool silent = false;  // the action's output is its own business
  };
  enum class Splitting : uint8_t { kWhole, kPackets, kBytes };
  struct Output {
    std::string to_client;
    std::string to_server;
  };
  Entry& add(Leg leg, std::string bytes, std::string to_server, std::string to_client);
  void play_in(Splitting splitting);
  // `asked`: the guard's question waits for its answer.
  void feed(const Entry& entry, Splitting splitting, Session& session, ScriptServices& services, Output& output,
            bool& asked) const;
  static void check(const Entry& entry, const Session& session, const Output& output);
  std::vector<Entry> entries_;
};

// What the scripts' server can do, and what their client wants of it.
inline constexpr uint32_t kServerCapabilities = 0x81BFF7FE & ~(parser::mysql::kClientMySql | parser::mysql::kClientSsl);
inline constexpr uint32_t kClientCapabilities =
    parser::mysql::kClientLongFlag | parser::mysql::kClientConnectWithDb | parser::mysql::kClientLocalFiles |
    parser::mysql::kClientProtocol41 | parser::mysql::kClientTransactions | parser::mysql::kClientSecureConnection |
    parser::mysql::kClientMultiStatements | parser::mysql::kClientMultiResults | parser::mysql::kClientPsMultiResults |
    parser::mysql::kClientPluginAuth | parser::mysql::kClientConnectAttrs | parser::mysql::kClientDeprecateEof;

}  // namespace schemaguard::proxy::mysql
