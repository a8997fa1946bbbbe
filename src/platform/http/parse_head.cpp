// The only translation unit of the server that sees Beast's parser: it is slow to compile.
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "platform/http/gate.hpp"

namespace townhall::http {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using beast::string_view;

std::string_view std_view(string_view view) { return {view.data(), view.size()}; }

// Keeps views where Beast's own parsers copy every field into a container. The views stay in the input: a value is only
// rebuilt elsewhere when a line is folded, and the scanner refuses those.
class HeadParser final : public beast::http::basic_parser<true> {
  public:
    explicit HeadParser(Head& head) : head_(head) {
        head_.fields.clear();
        skip(true);  // bodies are read by the framing that the gate decides on, never by the parser's
        header_limit(std::numeric_limits<std::uint32_t>::max());  // the scanner has limited it
    }

  private:
    void on_request_impl(beast::http::verb /*verb*/, string_view method, string_view target, int version,
                         error_code& /*fault*/) override {
        head_.method = std_view(method);
        head_.target = std_view(target);
        head_.version = version;
    }
    void on_response_impl(int /*code*/, string_view /*reason*/, int /*version*/, error_code& /*fault*/) override {}
    void on_field_impl(beast::http::field /*field*/, string_view name, string_view value,
                       error_code& /*fault*/) override {
        head_.fields.emplace_back(std_view(name), std_view(value));
    }
    void on_header_impl(error_code& /*fault*/) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>& /*length*/, error_code& /*fault*/) override {}
    std::size_t on_body_impl(string_view body, error_code& /*fault*/) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t /*size*/, string_view /*extensions*/, error_code& /*fault*/) override {}
    std::size_t on_chunk_body_impl(std::uint64_t /*left*/, string_view body, error_code& /*fault*/) override {
        return body.size();
    }
    void on_finish_impl(error_code& /*fault*/) override {}

    Head& head_;
};

Refusal refusal_of(error_code fault, std::string_view bytes) {
    using beast::http::error;
    if (fault == error::bad_version && bytes.substr(0, bytes.find('\r')).contains(" HTTP/")) {
        return {505, "Only HTTP/1.0 and HTTP/1.1 are spoken here."};
    }
    if (fault == error::bad_content_length || fault == error::multiple_content_length) {
        return {400, "Content-Length is malformed."};
    }
    if (fault == error::bad_method) return {400, "The method is malformed."};
    if (fault == error::bad_target) return {400, "The request target is malformed."};
    return {400, "The header is malformed."};
}

}  // namespace

std::optional<Refusal> parse_head(std::string_view bytes, Head& head) {
    HeadParser parser(head);
    error_code fault;
    const std::size_t used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), fault);
    if (fault) return refusal_of(fault, bytes);
    if (!parser.is_header_done() || used != bytes.size()) return Refusal{400, "The header is malformed."};
    return std::nullopt;
}

}  // namespace townhall::http
