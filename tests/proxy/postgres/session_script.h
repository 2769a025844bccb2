// SessionScript: a conversation between client, guard and server as a list of steps, played against a real Session.
//
// Each step feeds bytes on one leg and says exactly what must come out on both. play() runs the whole list twice: with
// every feed whole, and byte by byte, and both with every text's facts at hand as if it had been met before. Facts,
// policy and redaction are the real ones; the script only stands in for the wire, the clock and the audit file.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policies/rules/policy.h"
#include "proxy/postgres/session.h"
#include "tests/proxy/session/services_script.h"

namespace schemaguard::proxy::postgres {

// Builders for whole messages.
std::string startup(std::vector<std::pair<std::string, std::string>> parameters, uint32_t minor = 0);
std::string query(std::string_view text);
std::string parse(std::string_view name, std::string_view text);
std::string bind(std::string_view portal, std::string_view statement);
std::string describe(char kind, std::string_view name);
std::string execute(std::string_view portal, uint32_t rows = 0);
std::string close(char kind, std::string_view name);
std::string sync();
std::string flush();
std::string terminate();
std::string copy_data(std::string_view data);
std::string copy_done();
std::string copy_fail();
std::string function_call(uint32_t oid);
std::string message(char type, std::string_view body);

std::string authentication_ok();
std::string parameter_status(std::string_view name, std::string_view value);
std::string key_data(uint32_t process_id, std::string_view secret);
std::string ready(char status);
std::string complete(std::string_view tag);
std::string data_row();
std::string error(std::string_view sqlstate, std::string_view text, std::string_view severity = "ERROR");
std::string parse_complete();
std::string bind_complete();
std::string close_complete();
std::string no_data();
std::string copy_in_response();
std::string notice(std::string_view text);
std::string row_description();

class SessionScript {
 public:
  SessionScript();
  policies::PolicyOptions policy_options;
  ServerConfig server_config;
  Limits limits;
  ClientOrigin origin;
  policies::Mode mode = policies::Mode::kEnforce;
  bool audit_blocks = false;
  bool audit_works = true;
  // Parse jobs and audit waits stay open until answer_parse_job() and answer_audit().
  bool answers_by_hand = false;

  // The client sends `bytes`; exactly `to_server` is forwarded and `to_client` answered. "{sg}" in an expectation
  // stands for the token that the guard has drawn last.
  SessionScript& client(std::string bytes, std::string to_server, std::string to_client = {});
  SessionScript& server(std::string bytes, std::string to_client, std::string to_server = {});
  // The server's bytes pass, and a client message that waited for them goes on as its substitute.
  SessionScript& server_releases(std::string bytes, std::function<std::string(const std::string& token)> substitute);
  // The same, expecting the bytes unchanged on the other leg.
  SessionScript& client_passes(std::string bytes);
  SessionScript& server_passes(std::string bytes);
  SessionScript& client_refused(std::string bytes, std::function<std::string(const std::string& token)> substitute);
  // The server rejects the substitute of type `type`; the client sees 42501 and `message` somewhere in the text.
  SessionScript& server_rejects(char type, std::string_view message, std::string rest = {});
  // A client message that is replaced by its substitute, refused by `rule` ("builtin.schema").
  SessionScript& query_refused(std::string_view text, std::string rule = "builtin.schema");
  SessionScript& parse_refused(std::string_view name, std::string_view text, std::string rule = "builtin.schema");
  // `then` goes on unchanged in the same write.
  SessionScript& bind_refused(const std::string& portal, const std::string& statement, const std::string& then = {});
  SessionScript& does(std::function<void(Session&)> action);
  // An event that is no byte, with what it brings out on both legs.
  SessionScript& acts(std::function<void(Session&, ScriptServices&)> action, std::string to_server,
                      std::string to_client = {});
  SessionScript& sets_mode(policies::Mode mode);
  // Every outcome in the audit so far, in order.
  SessionScript& expects_outcomes(std::vector<policies::Outcome> outcomes);
  // The session has ended with a FATAL of this SQLSTATE as its last words.
  SessionScript& client_ends_session(std::string bytes, std::string sqlstate);
  SessionScript& server_ends_session(std::string bytes, std::string sqlstate);
  SessionScript& expects(std::function<void(Session&, ScriptServices&)> check);
  // Startup, trust authentication, standard_conforming_strings on, UTF8, what else the server reports, ReadyForQuery
  // 'I'.
  SessionScript& logs_in(std::string user = "app", std::string database = "shop", std::string_view reported = {});
  void play();

 private:
  enum class Leg : uint8_t { kClient, kServer, kAction };
  struct Entry {
    Leg leg;
    std::string bytes;
    std::function<std::string(const std::string& token)> to_server;
    std::function<std::string(const std::string& token)> to_client;
    std::string message;   // server_rejects
    std::string sqlstate;  // the session ends with it
    std::function<void(Session&, ScriptServices&)> action;
  };
  SessionScript& add(Leg leg, std::string bytes, std::string to_server, std::string to_client);
  void play_in_pieces(size_t piece_bytes, bool knows_every_text);
  std::vector<Entry> entries_;
};

}  // namespace schemaguard::proxy::postgres
