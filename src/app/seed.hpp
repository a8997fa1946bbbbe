#pragma once

#include <optional>
#include <string>

namespace townhall::db {
class Connection;
}

namespace townhall::app {

struct DemoAdmin {
    std::string email;
    std::string password;  // random; kept nowhere else
};

/// On a database without accounts: a first admin, a default campaign and the bundled demo voters. Nothing, and no
/// change, where there is an account already.
std::optional<DemoAdmin> seed_demo(db::Connection& connection, const std::string& conninfo);

}  // namespace townhall::app
