#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct backtrace_state;

namespace townhall::observe {

/// A place in the source. `file` is relative to the repository for our own files, empty where it is not known.
struct Place {
    std::string function;
    std::string file;
    int line = 0;
};

/// Puts addresses of code into words, by the debugging information of the program and its libraries. The first call
/// reads that, which takes some 100 ms; what was found is remembered. For one thread at a time, none that must not
/// wait.
class Symbols {
  public:
    Symbols();

    /// Innermost first: functions that were inlined there are places of their own. Empty where nothing is known.
    const std::vector<Place>& at(std::uintptr_t address);

  private:
    [[nodiscard]] std::vector<Place> look_up(std::uintptr_t address) const;

    backtrace_state* state_;  // never freed: the library has no way to
    std::unordered_map<std::uintptr_t, std::vector<Place>> known_;
};

/// A name as it is in the source, of one as the linker knows it; itself where it is none of C++.
[[nodiscard]] std::string demangled(const char* name);

/// A function's name without what it returns and takes, arguments of templates included, and without what the compiler
/// added (".resume" of coroutines): "townhall::api::Router::add".
[[nodiscard]] std::string bare_name(std::string_view function);

}  // namespace townhall::observe
