#include "accounts/answers.hpp"
#include "platform/db/sync/connection.hpp"
#include "platform/guard/password.hpp"

namespace townhall::accounts {

std::expected<std::int64_t, std::string> create_account(db::Connection& connection, NewAccount account) {
    const std::string email = fold_email(account.email);
    std::string checked;
    api::Rules rules;
    api::email(rules);
    api::Faults faults(api::Fault::In::body);
    api::decode(api::json::Value{email}, checked, rules, faults);
    if (!faults.empty()) return std::unexpected("This is not an e-mail address.");
    if (account.name && (account.name->empty() || account.name->size() > 200))
        return std::unexpected("The name must have 1 to 200 characters.");
    if (const auto fault = guard::password_fault(account.password, email); !fault.empty())
        return std::unexpected(std::string(fault));
    try {
        return connection
            .query(sql::kInsertUser.sql, email, account.name, guard::hash_password(account.password), account.is_admin,
                   account.is_editor, api::audit_by_nobody().text)
            .integer(0, 0);
    } catch (const db::SqlError& error) {
        if (error.constraint() != kEmailIndex) throw;
        return std::unexpected(std::string(kTaken));
    }
}

}  // namespace townhall::accounts
