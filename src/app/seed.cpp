#include "app/seed.hpp"

#include <fmt/format.h>

#include "accounts/accounts.hpp"
#include "app/paths.hpp"
#include "campaign/imports/run_import.hpp"
#include "platform/db/sync/connection.hpp"
#include "platform/guard/hash.hpp"
#include "platform/guard/random.hpp"
#include "platform/guard/uuid.hpp"

namespace townhall::app {

namespace {

void import_demo_voters(db::Connection& connection, const std::string& conninfo, std::int64_t campaign) {
    const auto file = content_folder() / "demo_voters.csv";
    const std::string id = guard::new_id();
    connection.query(
        "insert into campaign.imports (id, campaign_id, filename, size, source, on_match, dry_run)"
        " values ($1::uuid, $2, 'demo_voters.csv', $3, 'demo', 'update', false)",
        id, campaign, static_cast<std::int64_t>(std::filesystem::file_size(file)));
    campaign::run_import(conninfo, id, file, {});
}

}  // namespace

std::optional<DemoAdmin> seed_demo(db::Connection& connection, const std::string& conninfo) {
    if (connection.exec("select 1 from core.users limit 1").rows() > 0) return std::nullopt;
    DemoAdmin admin{"admin@example.org", guard::base64url(guard::random_array<15>())};
    const auto made = accounts::create_account(
        connection, {.email = admin.email, .name = "First Admin", .password = admin.password, .is_admin = true});
    if (!made) throw std::runtime_error("the first admin can't be made: " + made.error());
    const auto campaign = connection.exec(
        "insert into campaign.campaigns (name, slug, description, office, is_default) values ('Demo campaign',"
        " 'demo', 'A campaign to try things with.', 'Mayor', true) on conflict (slug) do update set name = "
        "excluded.name"
        " returning id");
    import_demo_voters(connection, conninfo, campaign.integer(0, 0));
    return admin;
}

}  // namespace townhall::app
