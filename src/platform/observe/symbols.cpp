#include "platform/observe/symbols.hpp"

#include <backtrace.h>
#include <cstdlib>
#include <cxxabi.h>
#include <memory>

namespace townhall::observe {

namespace {

constexpr std::size_t kMostKnown = 10'000;
constexpr std::size_t kLongestName = 200;
constexpr std::string_view kAnonymous = "(anonymous namespace)::";

void ignore_error(void* /*data*/, const char* /*message*/, int /*number*/) {}

int take_place(void* data, std::uintptr_t /*address*/, const char* file, int line, const char* function) {
    if (!file && !function) return 0;
    auto& places = *static_cast<std::vector<Place>*>(data);
    places.push_back(
        {.function = function ? bare_name(demangled(function)) : "", .file = file ? file : "", .line = line});
    return 0;
}

void take_symbol(void* data, std::uintptr_t /*address*/, const char* symbol, std::uintptr_t /*value*/,
                 std::uintptr_t /*size*/) {
    if (symbol) *static_cast<std::string*>(data) = bare_name(demangled(symbol));
}

/// Ours begin with where the compiler stood: cut back to `src/…`.
std::string relative(std::string file) {
    const std::size_t source = file.rfind("/src/");
    if (source != std::string::npos && !file.starts_with("/usr/")) file.erase(0, source + 1);
    return file;
}

}  // namespace

Symbols::Symbols() : state_(::backtrace_create_state(nullptr, 0, &ignore_error, nullptr)) {}

const std::vector<Place>& Symbols::at(std::uintptr_t address) {
    const auto found = known_.find(address);
    if (found != known_.end()) return found->second;
    if (known_.size() >= kMostKnown) known_.clear();
    return known_.emplace(address, look_up(address)).first->second;
}

std::vector<Place> Symbols::look_up(std::uintptr_t address) const {
    std::vector<Place> places;
    if (!state_) return places;
    ::backtrace_pcinfo(state_, address, &take_place, &ignore_error, &places);
    // Of functions that were not inlined the debugging information holds no more than the bare name, if any; the table
    // of symbols has all of it.
    std::string symbol;
    ::backtrace_syminfo(state_, address, &take_symbol, &ignore_error, &symbol);
    if (places.empty() && !symbol.empty()) places.emplace_back();
    if (!places.empty() && !symbol.empty()) places.back().function = symbol;
    for (Place& place : places) place.file = relative(std::move(place.file));
    return places;
}

std::string demangled(const char* name) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status), std::free);
    return status == 0 ? text.get() : name;
}

std::string bare_name(std::string_view function) {
    function = function.substr(0, function.find(" [clone "));
    std::string out;
    int depth = 0;  // of what is left out: arguments of templates, parameters, enclosing functions' too
    for (std::size_t i = 0; i < function.size(); ++i) {
        const std::string_view rest = function.substr(i);
        if (depth == 0 && rest.starts_with("operator")) {
            out += rest.substr(0, rest.find('(', rest.starts_with("operator()") ? 10 : 8));
            break;
        } else if (rest.starts_with(kAnonymous)) {
            i += kAnonymous.size() - 1;
        } else if (function[i] == '<' || function[i] == '(') {
            ++depth;
        } else if (function[i] == '>' || function[i] == ')') {
            --depth;
        } else if (depth == 0) {
            // What was before a blank is the type that the function returns; what is behind its parameters says const.
            if (function[i] == ' ') {
                if (rest == " const" || rest == " &" || rest == " &&" || rest == " const &") break;
                out.clear();
            } else {
                out += function[i];
            }
        }
    }
    if (out.size() > kLongestName) out = out.substr(0, kLongestName) + "…";
    return out;
}

}  // namespace townhall::observe
