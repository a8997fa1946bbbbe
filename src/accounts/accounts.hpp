#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>

#include "accounts/access_loader.hpp"
#include "platform/api/router.hpp"
#include "platform/db/db.hpp"
#include "platform/guard/login_throttle.hpp"
#include "platform/guard/seal.hpp"
#include "platform/guard/tokens.hpp"
#include "platform/jobs/jobs.hpp"
#include "platform/mail/mailer.hpp"
#include "platform/mail/render.hpp"
#include "platform/observe/cpu_pool.hpp"

/// Who may sign in and what they may do: users, sessions, memberships and roles.
namespace townhall::db {
class Connection;
}
namespace townhall::accounts {

/// What the operations use; all of it is owned by the application and outlives the router.
struct Deps {
    db::Database& db;
    observe::CpuPool& cpu;
    const guard::AccessTokens& tokens;
    guard::LoginThrottle& throttle;
    AccessLoader& access;
    const guard::SignKey& cursors;
    const guard::SealKey& answers;  // of requests with an Idempotency-Key
    std::chrono::seconds refresh_lifetime;
    jobs::Worker* jobs;  // none where no worker runs in this process: the poll of another finds the mails
};

/// What the mails with one-time links need; outlives the worker.
struct LinkDeps {
    db::Database& db;
    mail::Mailer& mailer;
    const mail::Templates& templates;
    const guard::SignKey& links;  // the tokens come from it
    mail::Address from;
    std::string public_url;  // what links begin with, without a slash at its end
};

/// The job `accounts.link`: mails the link to whoever forgot a password, or was invited.
[[nodiscard]] jobs::Kind link_kind(LinkDeps deps);

/// The job `accounts.address_changed`: tells the address that an account had that it has another one now.
[[nodiscard]] jobs::Kind address_notice_kind(LinkDeps deps);

/// Serves /api/v1/auth/…, /api/v1/users… and /api/v1/audit.
void add_routes(api::Router& router, const Deps& deps);

/// Every named query of this room, for the test that prepares and describes them.
[[nodiscard]] std::span<const db::Statement* const> queries();

struct NewAccount {
    std::string email;  // in any case
    std::optional<std::string> name;
    std::string password;
    bool is_admin = false;
    bool is_editor = false;
};

/// Makes an account over a blocking connection, as the command line does. The id, or a sentence for the operator that
/// says what is wrong (a bad address, a weak password, an address in use). Takes the time of a password hash. Throws
/// what the connection throws.
[[nodiscard]] std::expected<std::int64_t, std::string> create_account(db::Connection& connection, NewAccount account);

}  // namespace townhall::accounts
