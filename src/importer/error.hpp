#pragma once

#include <stdexcept>
#include <string>

namespace townhall::importer {

/// What makes a whole file unreadable. A bad row is never thrown: it is a Fault.
/// what() is one clear sentence that may be shown to the person who sent the file; it quotes no cell.
class ImportError : public std::runtime_error {
  public:
    enum class Kind { io, not_a_table, too_large, mapping };

    ImportError(Kind kind, const std::string& sentence) : std::runtime_error(sentence), kind_(kind) {}
    [[nodiscard]] Kind kind() const { return kind_; }

  private:
    Kind kind_;
};

}  // namespace townhall::importer
