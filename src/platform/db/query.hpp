#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "platform/db/codec.hpp"
#include "platform/db/errors.hpp"

struct pg_result;

namespace townhall::db {

/// `read` statements run on a read-only connection, may be run twice, and may be answered before others of their group.
enum class Mode : std::uint8_t { read, write };

/// A named query without its types: what runs it and what checks it. Everything it points to lives for ever.
struct Statement {
    const char* name;
    const char* sql;
    Mode mode;
    std::span<const Oid> parameters;  ///< as declared to the server
    std::span<const Oid> columns;     ///< as the row's types read them
};

/// One value of a result; lives as long as its Answer.
struct Cell {
    std::string_view text;
    bool null;
};

/// What the server answered to one statement.
class Answer {
  public:
    Answer() = default;
    explicit Answer(pg_result* owned) : result_(owned) {}

    [[nodiscard]] int rows() const;
    [[nodiscard]] int columns() const;
    [[nodiscard]] Cell cell(int row, int column) const;
    /// Rows inserted, updated, deleted or selected.
    [[nodiscard]] std::uint64_t affected() const;
    [[nodiscard]] pg_result* raw() const { return result_.get(); }

  private:
    struct Clear {
        void operator()(pg_result* result) const noexcept;
    };
    std::unique_ptr<pg_result, Clear> result_;
};

/// Parameters in their text form, in one buffer, each closed by a NUL as libpq wants it.
class Parameters {
  public:
    Parameters();
    ~Parameters();
    Parameters(Parameters&&) noexcept = default;
    Parameters& operator=(Parameters&&) noexcept = default;

    /// Throws StatementError 22021 for a text that holds a NUL: libpq would cut it there in silence.
    template <class T>
    void add(const T& value) {
        if constexpr (detail::OptionalOf<T>::value) {
            if (value)
                add(*value);
            else
                offsets_.push_back(kNull);
        } else {
            const std::size_t start = arena_.size();
            Codec<T>::write(value, arena_);
            close(start);
        }
    }

    [[nodiscard]] int count() const { return static_cast<int>(offsets_.size()); }
    /// nullptr for NULL.
    [[nodiscard]] const char* value(int index) const {
        const std::uint32_t offset = offsets_[static_cast<std::size_t>(index)];
        return offset == kNull ? nullptr : arena_.data() + offset;
    }

  private:
    static constexpr std::uint32_t kNull = UINT32_MAX;
    void close(std::size_t start);

    std::string arena_;
    std::vector<std::uint32_t> offsets_;
};

template <class... Args>
Parameters encode(const Args&... args) {
    Parameters parameters;
    (parameters.add(args), ...);
    return parameters;
}

/// A struct whose columns are told, by position, next to it:
/// `constexpr auto columns_of(std::type_identity<T>) { return std::tuple{&T::a, &T::b}; }`
template <class T>
concept ColumnedRow = requires { columns_of(std::type_identity<T>{}); };

[[noreturn]] void throw_null_column(const char* statement, int column);
void check_columns(const Answer& answer, int expected, const char* statement);

namespace detail {
template <class T>
T read_column(const Answer& answer, int row, int column, const char* statement) {
    using Inner = typename OptionalOf<T>::Inner;
    const Cell cell = answer.cell(row, column);
    if constexpr (OptionalOf<T>::value) {
        if (cell.null) return std::nullopt;
    } else {
        if (cell.null) throw_null_column(statement, column);
    }
    return Codec<Inner>::read(cell.text);
}

template <class T>
inline constexpr Oid kColumnOid = Codec<typename OptionalOf<T>::Inner>::kOid;

template <class T>
struct MemberType;
template <class T, class Member>
struct MemberType<Member T::*> {
    using type = Member;
};

/// A scalar.
template <class Row>
struct RowReader {
    static constexpr std::array<Oid, 1> kColumns{kColumnOid<Row>};
    static Row read(const Answer& answer, int row, const char* statement) {
        return read_column<Row>(answer, row, 0, statement);
    }
};

template <>
struct RowReader<void> {
    static constexpr std::array<Oid, 0> kColumns{};
};

template <class... Columns>
struct RowReader<std::tuple<Columns...>> {
    static constexpr std::array<Oid, sizeof...(Columns)> kColumns{kColumnOid<Columns>...};
    static std::tuple<Columns...> read(const Answer& answer, int row, const char* statement) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple<Columns...>{read_column<Columns>(answer, row, static_cast<int>(I), statement)...};
        }(std::index_sequence_for<Columns...>{});
    }
};

template <ColumnedRow Row>
struct RowReader<Row> {
    static constexpr auto kMembers = columns_of(std::type_identity<Row>{});
    static constexpr std::size_t kCount = std::tuple_size_v<decltype(kMembers)>;
    template <std::size_t I>
    using Column = typename MemberType<std::remove_cvref_t<std::tuple_element_t<I, decltype(kMembers)>>>::type;

    static constexpr std::array<Oid, kCount> kColumns = []<std::size_t... I>(std::index_sequence<I...>) {
        return std::array<Oid, kCount>{kColumnOid<Column<I>>...};
    }(std::make_index_sequence<kCount>{});

    static Row read(const Answer& answer, int row, const char* statement) {
        Row out{};
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            ((out.*std::get<I>(kMembers) = read_column<Column<I>>(answer, row, static_cast<int>(I), statement)), ...);
        }(std::make_index_sequence<kCount>{});
        return out;
    }
};

template <class... Args>
inline constexpr std::array<Oid, sizeof...(Args)> kParameterOids{kColumnOid<Args>...};
}  // namespace detail

/// A named query with its types:
///
///     constexpr db::Query<Voter(std::int64_t)> kFind{"voters.find", db::Mode::read, "select … where id = $1"};
///
/// The row is a scalar, a std::tuple, a ColumnedRow, or void. Strings are declared as `text`, enums too: where the
/// column is something else, the statement casts. It can be made at compile time only, so its SQL is never built from
/// input and may be prepared under its name; for a statement that is put together see Composed.
template <class Signature>
struct Query;

template <class Row_, class... Args>
struct Query<Row_(Args...)> : Statement {
    using Row = Row_;
    consteval Query(const char* query_name, Mode query_mode, const char* query_sql)
        : Statement{query_name, query_sql, query_mode, detail::kParameterOids<Args...>,
                    detail::RowReader<Row_>::kColumns} {}
};

/// A piece of SQL that stands in our source: it can't be made from anything else.
struct Fragment {
    consteval Fragment(const char* constant) : text(constant) {}  // NOLINT(google-explicit-constructor)
    std::string_view text;
};

/// A statement put together from fragments (a list with optional filters). It is parsed each time. Values go in by
/// `bind` only:
///
///     db::Composed<Voter> list("voters.list", db::Mode::read);
///     list.add("select … where true");
///     if (in.city) list.add(" and city = ").bind(*in.city);
///     auto rows = co_await deps.db.all(scope, std::move(list));
template <class Row>
class Composed {
  public:
    Composed(Fragment name, Mode mode) : name_(name.text.data()), mode_(mode) {}

    Composed& add(Fragment constant) {
        sql_ += constant.text;
        return *this;
    }
    /// Writes the value's placeholder, `$n`.
    template <class T>
    Composed& bind(const T& value) {
        types_.push_back(detail::kColumnOid<T>);
        parameters_.add(value);
        sql_ += '$';
        sql_ += std::to_string(types_.size());
        return *this;
    }

    [[nodiscard]] const char* name() const { return name_; }
    [[nodiscard]] Mode mode() const { return mode_; }

  private:
    friend class Database;
    const char* name_;
    Mode mode_;
    std::string sql_;
    std::vector<Oid> types_;
    Parameters parameters_;
};

}  // namespace townhall::db
