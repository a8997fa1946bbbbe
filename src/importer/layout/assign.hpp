#pragma once

#include <string>
#include <vector>

#include "importer/layout/plan.hpp"

namespace townhall::importer {

/// Gives the plan its layout, source, columns and targets: first what the mapping says, then the state's layout, then
/// generic names; everything else goes to `extra`. `headers` are as the file has them; `florida` says that there are
/// none because the file is Florida's. Throws ImportError where the mapping names no such field or column.
void assign_columns(Plan& plan, std::vector<std::string> headers, bool florida);

}  // namespace townhall::importer
