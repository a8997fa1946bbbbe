#include "platform/db/query.hpp"

#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <libpq-fe.h>

namespace townhall::db {

void Answer::Clear::operator()(pg_result* result) const noexcept { PQclear(result); }

int Answer::rows() const { return PQntuples(result_.get()); }
int Answer::columns() const { return PQnfields(result_.get()); }

Cell Answer::cell(int row, int column) const {
    const char* value = PQgetvalue(result_.get(), row, column);
    const auto length = static_cast<std::size_t>(PQgetlength(result_.get(), row, column));
    // A length of 0 is NULL or empty: only then is the second look needed.
    return {.text = {value, length}, .null = length == 0 && PQgetisnull(result_.get(), row, column) != 0};
}

std::uint64_t Answer::affected() const {
    const std::string_view text = PQcmdTuples(result_.get());
    std::uint64_t count = 0;
    std::from_chars(text.data(), text.data() + text.size(), count);
    return count;
}

namespace {
/// Buffers of parameters that were sent, for the next ones of this thread.
struct Spare {
    std::string arena;
    std::vector<std::uint32_t> offsets;
};
constexpr std::size_t kMostSpares = 128;
constexpr std::size_t kLargestSpare = 16 * 1024;

std::vector<Spare>& spares() {
    static thread_local std::vector<Spare> kept;
    return kept;
}
}  // namespace

Parameters::Parameters() {
    auto& kept = spares();
    if (kept.empty()) return;
    arena_.swap(kept.back().arena);
    offsets_.swap(kept.back().offsets);
    kept.pop_back();
}

Parameters::~Parameters() {
    auto& kept = spares();
    if (offsets_.capacity() == 0 || arena_.capacity() > kLargestSpare || kept.size() >= kMostSpares) return;
    arena_.clear();
    offsets_.clear();
    kept.push_back({std::move(arena_), std::move(offsets_)});
}

void Parameters::close(std::size_t start) {
    if (std::memchr(arena_.data() + start, 0, arena_.size() - start) != nullptr)
        throw StatementError("22021", "", "parameters");
    if (arena_.size() >= kNull - 1) throw StatementError("54000", "", "parameters");
    arena_ += '\0';
    offsets_.push_back(static_cast<std::uint32_t>(start));
}

void throw_null_column(const char* statement, int column) {
    throw ShapeError(fmt::format("{}: column {} is NULL, and its type is not optional", statement, column + 1));
}

void check_columns(const Answer& answer, int expected, const char* statement) {
    if (answer.columns() != expected)
        throw ShapeError(fmt::format("{}: {} columns where {} are declared", statement, answer.columns(), expected));
}

}  // namespace townhall::db
