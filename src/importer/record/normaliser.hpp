#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "importer/arena.hpp"
#include "importer/layout/plan.hpp"
#include "importer/reader/reader.hpp"
#include "importer/record/record.hpp"

namespace townhall::importer {

/// Turns raw records of one plan into checked ones. The plan must outlive it.
class Normaliser {
  public:
    enum class Scope { everything, identity };  // identity: only what tells whom the row is about
    enum class Result { good, no_identity, id_too_long };

    Normaliser(const Plan& plan, Scope scope);

    /// Fills `out`, whose views live until the next call; its line, offset and text are the raw record's. `latin`: the
    /// row's bytes are Windows-1252, else they are valid UTF-8.
    Result normalise(const RawRecord& raw, bool latin, VoterRecord& out);

    /// The column that holds the external id; SIZE_MAX where none does.
    [[nodiscard]] std::size_t id_column() const;

  private:
    struct Step {
        Field field;
        std::size_t column;
        bool last;  // of a joined field
        const Target* target;
    };

    std::string_view prepare(std::string_view field, bool latin);
    std::string_view join(std::string_view first, std::string_view second);
    std::string_view text(const Step& step, std::string_view value);
    std::string_view upper_text(const Step& step, std::string_view value);
    void apply(const Step& step, std::string_view value, VoterRecord& out);
    void apply_contact(const Step& step, std::string_view value, VoterRecord& out);
    void apply_date(const Step& step, std::string_view value, VoterRecord& out);
    void apply_place(const Step& step, std::string_view value, VoterRecord& out);
    void apply_mailing(const Step& step, std::string_view value, VoterRecord& out);
    void set_postal(const Step& step, std::string_view value, std::string_view state, std::string_view country,
                    std::string_view& zip, std::string_view& zip4);
    void set_full_name(const Step& step, std::string_view value, VoterRecord& out);
    void keep(const Step& step, std::string_view value);
    void warn(const Step& step, std::string_view value);
    void identify(VoterRecord& out);
    void finish(VoterRecord& out);
    void write_mailing(VoterRecord& out);

    const Plan& plan_;
    Scope scope_;
    Arena arena_;
    std::vector<Step> steps_;
    std::string extra_;
    std::string districts_;
    std::string mailing_;
    std::string_view mailing_zip4_;
    std::uint32_t warnings_ = 0;
};

}  // namespace townhall::importer
