#include "platform/db/sync/conninfo.hpp"

#include <cctype>
#include <libpq-fe.h>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

namespace townhall::db {

namespace {

using Options = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t kLongestAddress = 8192;

struct FreeOptions {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// `postgresql+psycopg2://` and `postgres://` are both libpq's `postgresql://`.
std::string plain_scheme(std::string_view address) {
    const std::size_t end = address.find("://");
    if (end == std::string_view::npos || address.substr(0, end).contains('=')) return std::string(address);
    std::string scheme;
    for (const char c : address.substr(0, end))
        scheme += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const std::string dialect = scheme.substr(0, scheme.find('+'));
    if (dialect != "postgresql" && dialect != "postgres") {
        throw std::invalid_argument(
            "the database's address must begin with postgresql:// (or be libpq's key=value form); PostgreSQL is the "
            "only database that is supported");
    }
    return "postgresql" + std::string(address.substr(end));
}

// Query parameters of Python's drivers that libpq spells otherwise.
std::string libpq_parameter(std::string_view parameter) {
    constexpr std::string_view kSocket = "unix_sock=";
    constexpr std::string_view kSsl = "ssl=";
    if (parameter.starts_with(kSocket)) {
        std::string_view path = parameter.substr(kSocket.size());
        if (const auto file = path.rfind("/.s.PGSQL."); file != std::string_view::npos) path = path.substr(0, file);
        return "host=" + std::string(path);
    }
    if (parameter.starts_with(kSsl)) {
        const std::string_view mode = parameter.substr(kSsl.size());
        if (mode == "true" || mode == "True" || mode == "1") return "sslmode=require";
        if (mode == "false" || mode == "False" || mode == "0") return "sslmode=disable";
        return "sslmode=" + std::string(mode);
    }
    return std::string(parameter);
}

std::string libpq_uri(const std::string& uri) {
    const std::size_t question = uri.find('?');
    if (question == std::string::npos) return uri;
    std::string result = uri.substr(0, question);
    std::string_view rest = std::string_view(uri).substr(question + 1);
    char separator = '?';
    while (!rest.empty()) {
        const std::size_t end = rest.find('&');
        result += separator + libpq_parameter(rest.substr(0, end));
        separator = '&';
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    }
    return result;
}

Options parse(std::string_view address) {
    if (address.size() > kLongestAddress || address.contains('\0')) {
        throw std::invalid_argument("the database's address is too long or holds a NUL byte");
    }
    const std::string text = libpq_uri(plain_scheme(address));
    char* reason = nullptr;
    const std::unique_ptr<PQconninfoOption, FreeOptions> parsed(PQconninfoParse(text.c_str(), &reason));
    // libpq's reason may quote a piece of the address, which may be the password's end.
    if (reason) PQfreemem(reason);
    if (!parsed) {
        throw std::invalid_argument(
            "the database's address can't be read: expected postgresql://user:password@host:port/name, special "
            "characters in the password percent-encoded");
    }
    Options options;
    for (const PQconninfoOption* option = parsed.get(); option->keyword; ++option) {
        if (option->val) options.emplace_back(option->keyword, option->val);
    }
    return options;
}

std::string render(const Options& options) {
    std::string text;
    for (const auto& [key, value] : options) {
        if (!text.empty()) text += ' ';
        text += key + "='";
        for (const char c : value) {
            if (c == '\'' || c == '\\') text += '\\';
            text += c;
        }
        text += '\'';
    }
    return text;
}

std::string value_of(const Options& options, std::string_view key, std::string_view otherwise) {
    for (const auto& [name, value] : options) {
        if (name == key && !value.empty()) return value;
    }
    return std::string(otherwise);
}

}  // namespace

std::string normalise_conninfo(std::string_view address) { return render(parse(address)); }

std::string with_option(std::string_view address, std::string_view key, std::string_view value) {
    Options options = parse(address);
    std::erase_if(options, [key](const auto& option) { return option.first == key; });
    options.emplace_back(key, value);
    // Parsed once more: an unknown key is refused, and the order stays libpq's.
    return normalise_conninfo(render(options));
}

std::string describe_conninfo(std::string_view address) {
    const Options options = parse(address);
    const std::string host = value_of(options, "host", value_of(options, "hostaddr", "localhost"));
    return host + ":" + value_of(options, "port", "5432") + "/" + value_of(options, "dbname", "");
}

}  // namespace townhall::db
