#include "importer/importer.hpp"
#include "importer/record/normaliser.hpp"
#include "importer/record/row_reader.hpp"

namespace townhall::importer {

namespace {

const Plan& usable(const Plan& plan) {
    if (!plan.can_identify())
        throw ImportError(ImportError::Kind::mapping,
                          "No column was recognised as a voter id or a name: say which one it is in a mapping.");
    return plan;
}

std::string_view code_of(Normaliser::Result result) {
    return result == Normaliser::Result::no_identity ? "no_identity" : "id_too_long";
}

std::string_view reason_of(Normaliser::Result result) {
    return result == Normaliser::Result::no_identity ? "The row has neither a voter id nor a name."
                                                     : "The voter id is longer than is allowed.";
}

/// Members that are tables of other columns: they can't be imported together, and must not vanish in silence.
std::vector<Fault> faults_of_members(const Plan& plan) {
    std::vector<Fault> faults;
    for (const Member& member : plan.members)
        if (!member.used && (member.reason == "other columns" || member.reason == "another encoding"))
            faults.push_back({.line = 0,
                              .byte_offset = 0,
                              .member = member.name,
                              .column = {},
                              .code = "member_skipped",
                              .reason = "This member of the zip file was left out: it has " + member.reason + ".",
                              .text = {}});
    return faults;
}

}  // namespace

struct Stream::State {
    State(const std::filesystem::path& path, Plan given, Position start)
        : plan(std::move(given)), rows(path, usable(plan), start), normaliser(plan, Normaliser::Scope::everything) {
        if (start == Position{}) member_faults = faults_of_members(plan);
    }

    Plan plan;
    RowReader rows;
    Normaliser normaliser;
    VoterRecord record;
    std::vector<Fault> member_faults;
    std::size_t member_faults_given = 0;
};

Stream::Stream(const std::filesystem::path& path, Plan plan, Position start)
    : state_(std::make_unique<State>(path, std::move(plan), start)) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

std::optional<Item> Stream::next() {
    State& s = *state_;
    if (s.member_faults_given < s.member_faults.size()) return &s.member_faults[s.member_faults_given++];
    switch (s.rows.next()) {
        case RowReader::Outcome::end:
            return std::nullopt;
        case RowReader::Outcome::fault:
            return &s.rows.fault();
        case RowReader::Outcome::row:
            break;
    }
    const auto result = s.normaliser.normalise(s.rows.row(), s.rows.is_latin(), s.record);
    if (result == Normaliser::Result::good) return &s.record;
    s.rows.reject(code_of(result), reason_of(result), s.normaliser.id_column());
    return &s.rows.fault();
}

Position Stream::position() const { return state_->rows.position(); }
std::uint64_t Stream::bytes_read() const { return state_->rows.bytes_read(); }
std::uint64_t Stream::bytes_total() const { return state_->rows.bytes_total(); }
const Plan& Stream::plan() const { return state_->plan; }

struct IdentityScan::State {
    State(const std::filesystem::path& path, Plan given)
        : plan(std::move(given)), rows(path, usable(plan), {}), normaliser(plan, Normaliser::Scope::identity) {}

    Plan plan;
    RowReader rows;
    Normaliser normaliser;
    VoterRecord record;
    std::uint64_t seen = 0;
};

IdentityScan::IdentityScan(const std::filesystem::path& path, Plan plan)
    : state_(std::make_unique<State>(path, std::move(plan))) {}
IdentityScan::~IdentityScan() = default;
IdentityScan::IdentityScan(IdentityScan&&) noexcept = default;
IdentityScan& IdentityScan::operator=(IdentityScan&&) noexcept = default;

std::optional<IdentityScan::Row> IdentityScan::next() {
    State& s = *state_;
    while (true) {
        const auto outcome = s.rows.next();
        if (outcome == RowReader::Outcome::end) return std::nullopt;
        ++s.seen;
        if (outcome == RowReader::Outcome::fault) continue;
        if (s.normaliser.normalise(s.rows.row(), s.rows.is_latin(), s.record) != Normaliser::Result::good) continue;
        return Row{s.record.identity_hash, s.rows.position().member, s.record.line};
    }
}

std::uint64_t IdentityScan::rows() const { return state_->seen; }
std::uint64_t IdentityScan::bytes_read() const { return state_->rows.bytes_read(); }
std::uint64_t IdentityScan::bytes_total() const { return state_->rows.bytes_total(); }

}  // namespace townhall::importer
