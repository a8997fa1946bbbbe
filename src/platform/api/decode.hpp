#pragma once

// Part of schema.hpp: from JSON and from parameters into declared types.

#include <span>

#include "platform/api/schema.hpp"

namespace townhall::api {

/// Gathers faults, and knows where in the input the decoder stands.
class Faults {
  public:
    explicit Faults(Fault::In in) : in_(in) {}

    void add(std::string code, std::string detail);
    [[nodiscard]] bool empty() const { return faults_.empty(); }
    std::vector<Fault> take() { return std::move(faults_); }
    void append(std::vector<Fault> more);

    /// Steps into a member or an element; steps out when it goes.
    class Step {
      public:
        Step(Faults& faults, std::string_view name);
        Step(Faults& faults, std::size_t index);
        ~Step() { faults_.where_.resize(length_); }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;

      private:
        Faults& faults_;
        std::size_t length_;
    };

  private:
    static constexpr std::size_t kMost = 200;  // a hostile body must not make an answer longer than itself

    Fault::In in_;
    std::string where_;
    std::vector<Fault> faults_;
};

// Scalars. Each reports its own fault and leaves `out` alone then.
void decode(const json::Value& value, bool& out, const Rules& rules, Faults& faults);
void decode(const json::Value& value, std::int64_t& out, const Rules& rules, Faults& faults);
void decode(const json::Value& value, int& out, const Rules& rules, Faults& faults);
void decode(const json::Value& value, double& out, const Rules& rules, Faults& faults);
void decode(const json::Value& value, std::string& out, const Rules& rules, Faults& faults);
void decode(const json::Value& value, db::Timestamp& out, const Rules& rules, Faults& faults);
void decode(const json::Value& value, db::Date& out, const Rules& rules, Faults& faults);
void decode(const json::Value& value, db::Uuid& out, const Rules& rules, Faults& faults);
void decode(const json::Value& value, db::Json& out, const Rules& rules, Faults& faults);

void add_wrong_enum(Faults& faults, const std::string& allowed);
[[nodiscard]] bool wants_object(const json::Value& value, Faults& faults);
void add_unknown(Faults& faults, std::string_view name);
void add_missing(Faults& faults);

template <HasNames E>
void decode(const json::Value& value, E& out, const Rules&, Faults& faults) {
    constexpr auto names = enum_names(std::type_identity<E>{});
    if (const auto* text = value.get_if<std::string>()) {
        for (const auto& [item, name] : names)
            if (name == *text) return void(out = item);
    }
    std::string allowed;
    for (const auto& [item, name] : names) allowed.append(allowed.empty() ? "" : ", ").append(name);
    add_wrong_enum(faults, allowed);
}

template <HasSchema T>
void decode(const json::Value& value, T& out, const Rules& rules, Faults& faults);

template <class T>
void decode(const json::Value& value, std::vector<T>& out, const Rules& rules, Faults& faults) {
    const auto* array = value.get_if<json::Array>();
    if (!array) return faults.add("type", "Must be a list.");
    if (array->size() > rules.most_items) return faults.add("max_items", "Holds too many items.");
    out.resize(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
        const Faults::Step step(faults, i);
        decode((*array)[i], out[i], rules, faults);
    }
}

template <class T>
void decode(const json::Value& value, std::optional<T>& out, const Rules& rules, Faults& faults) {
    if (value.is_null()) return;
    decode(value, out.emplace(), rules, faults);
}

template <class T>
void decode(const json::Value& value, Maybe<T>& out, const Rules& rules, Faults& faults) {
    if (value.is_null()) return void(out = std::nullopt);
    T inner{};
    decode(value, inner, rules, faults);
    out = std::move(inner);
}

template <HasSchema T>
void decode(const json::Value& value, T& out, const Rules&, Faults& faults) {
    if (!wants_object(value, faults)) return;
    each_field<T>([&](const auto& field) {
        if (field.place != Place::body) return;
        using F = typename std::remove_cvref_t<decltype(field)>::Type;
        const Faults::Step step(faults, field.name);
        const json::Value* member = value.find(field.name);
        if (member)
            decode(*member, out.*field.member, field.rules, faults);
        else if (!OptionalOf<F>::value && !field.rules.defaulted)
            add_missing(faults);
    });
    for (const auto& [name, member] : *value.get_if<json::Object>()) {
        bool known = false;
        each_field<T>([&](const auto& field) { known = known || (field.place == Place::body && field.name == name); });
        if (!known) add_unknown(faults, name);
    }
}

/// Faults for the query's names that nobody knows.
void add_unknown_parameters(const std::vector<std::pair<std::string, std::string>>& query,
                            std::span<const std::string_view> known, Faults& faults);

/// A parameter's text as the JSON value that its type reads: "12" becomes a number where a number is wanted.
/// An integer is digits there, never "1e3": one thing has one address.
enum class ParameterKind : std::uint8_t { text, boolean, integer, number };
[[nodiscard]] json::Value parameter_value(std::string_view text, ParameterKind kind);

/// Decodes one path or query parameter.
template <class T>
void decode_parameter(std::string_view text, T& out, const Rules& rules, Faults& faults) {
    using V = typename OptionalOf<T>::Value;
    constexpr ParameterKind kind = std::is_same_v<V, bool>       ? ParameterKind::boolean
                                   : std::is_integral_v<V>       ? ParameterKind::integer
                                   : std::is_floating_point_v<V> ? ParameterKind::number
                                                                 : ParameterKind::text;
    if constexpr (is_vector<V>)
        decode(json::Value{json::Array{parameter_value(text, kind)}}, out, rules, faults);
    else
        decode(parameter_value(text, kind), out, rules, faults);
}

}  // namespace townhall::api
