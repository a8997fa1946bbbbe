#pragma once

// Part of router.hpp: declared types as JSON Schema (2020-12, the dialect of OpenAPI 3.1).

#include <functional>
#include <string>
#include <string_view>

#include "platform/api/endpoint.hpp"
#include "platform/api/schema.hpp"

namespace townhall::api {

class Components;

/// A schema with the rules that apply to it, as JSON text. `type` is "string", "integer", …
[[nodiscard]] std::string describe_scalar(std::string_view type, std::string_view format, const Rules& rules);
[[nodiscard]] std::string describe_nullable(std::string inner);
[[nodiscard]] std::string describe_list(const std::string& items, const Rules& rules);
[[nodiscard]] std::string describe_enum(const std::vector<std::string_view>& names);
[[nodiscard]] std::string describe_object(const std::vector<std::pair<std::string_view, std::string>>& properties,
                                          const std::vector<std::string_view>& required);
[[nodiscard]] std::string describe_parameter(std::string_view name, Place place, bool required,
                                             const std::string& schema);
[[nodiscard]] std::string reference(Components& components, std::string_view name,
                                    const std::function<std::string()>& make);

template <class T>
std::string describe(Components& components, const Rules& rules);

template <HasSchema T>
std::string describe_fields(Components& components) {
    std::vector<std::pair<std::string_view, std::string>> properties;
    std::vector<std::string_view> required;
    each_field<T>([&](const auto& field) {
        using F = typename std::remove_cvref_t<decltype(field)>::Type;
        if (field.place != Place::body || field.rules.hidden) return;
        properties.emplace_back(field.name, describe<F>(components, field.rules));
        if (!OptionalOf<F>::value && !field.rules.defaulted) required.push_back(field.name);
    });
    return describe_object(properties, required);
}

template <class T>
std::string schema_name() {
    std::string name(schema_of(std::type_identity<T>{}).name);
    return is_page<T> ? name + "Page" : name;
}

template <class T>
std::string describe(Components& components, const Rules& rules) {
    if constexpr (OptionalOf<T>::value)
        return describe_nullable(describe<typename OptionalOf<T>::Value>(components, rules));
    else if constexpr (is_vector<T>)
        return describe_list(describe<typename T::value_type>(components, rules), rules);
    else if constexpr (HasSchema<T>)
        return reference(components, schema_name<T>(), [&] { return describe_fields<T>(components); });
    else if constexpr (HasNames<T>) {
        std::vector<std::string_view> names;
        for (const auto& [item, name] : enum_names(std::type_identity<T>{})) names.push_back(name);
        return describe_enum(names);
    } else if constexpr (std::is_same_v<T, bool>)
        return describe_scalar("boolean", "", {});
    else if constexpr (std::is_integral_v<T>)
        return describe_scalar("integer", "int64", rules);
    else if constexpr (std::is_floating_point_v<T>)
        return describe_scalar("number", "", rules);
    else if constexpr (std::is_same_v<T, db::Timestamp>)
        return describe_scalar("string", "date-time", {});
    else if constexpr (std::is_same_v<T, db::Date>)
        return describe_scalar("string", "date", {});
    else if constexpr (std::is_same_v<T, db::Uuid>)
        return describe_scalar("string", "uuid", {});
    else if constexpr (std::is_same_v<T, db::Json>)
        return "{}";
    else
        return describe_scalar("string", "", rules);
}

template <class In>
std::string describe_parameters(Components& components) {
    std::string list;
    if constexpr (HasSchema<In>) {
        each_field<In>([&](const auto& field) {
            using F = typename std::remove_cvref_t<decltype(field)>::Type;
            if (field.place == Place::body) return;
            using V = typename OptionalOf<F>::Value;
            const bool required = field.place == Place::path || (!OptionalOf<F>::value && !field.rules.defaulted);
            if (!list.empty()) list += ',';
            list += describe_parameter(field.name, field.place, required, describe<V>(components, field.rules));
        });
    }
    return list;
}

}  // namespace townhall::api
