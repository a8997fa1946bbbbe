#pragma once

#include <vector>

#include "platform/config/config.hpp"

/// The options of each section of the table, in the order of the documents. option_table() joins them.
namespace townhall::app {

[[nodiscard]] std::vector<config::Option> server_options();
[[nodiscard]] std::vector<config::Option> database_options();
[[nodiscard]] std::vector<config::Option> secrets_options();
[[nodiscard]] std::vector<config::Option> protection_options();
[[nodiscard]] std::vector<config::Option> observation_options();
[[nodiscard]] std::vector<config::Option> files_options();
[[nodiscard]] std::vector<config::Option> content_options();
[[nodiscard]] std::vector<config::Option> mail_options();
[[nodiscard]] std::vector<config::Option> services_options();

}  // namespace townhall::app
