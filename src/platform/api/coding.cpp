#include "platform/api/coding.hpp"

#include <algorithm>
#include <brotli/encode.h>
#include <charconv>
#include <new>
#include <optional>
#include <zlib.h>

#include "platform/http/characters.hpp"
#include "platform/http/gate.hpp"

namespace townhall::api {

namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: 16 more writes gzip's header
constexpr int kMemory = 8;

/// A weight in thousandths (RFC 9110, section 12.4.2); one that can't be read allows nothing.
int weight_of(std::string_view parameters) {
    parameters = http::trimmed(parameters);
    if (parameters.empty()) return 1000;
    if (parameters.size() < 3 || (parameters[0] | 0x20) != 'q' || parameters[1] != '=') return 0;
    const std::string_view digits = parameters.substr(2);
    if (digits.size() > 5 || (digits.size() > 1 && digits[1] != '.')) return 0;
    if (digits[0] != '0' && digits[0] != '1') return 0;
    int thousandths = (digits[0] - '0') * 1000;
    for (std::size_t i = 2, unit = 100; i < digits.size(); ++i, unit /= 10) {
        if (digits[i] < '0' || digits[i] > '9') return 0;
        thousandths += (digits[i] - '0') * static_cast<int>(unit);
    }
    return std::min(thousandths, 1000);
}

/// What a client said of each coding; nothing where it said nothing.
struct Weights {
    std::optional<int> identity, gzip, br, others;
};

Weights read(std::string_view accept_encoding) {
    Weights weights;
    while (!accept_encoding.empty()) {
        const std::size_t end = std::min(accept_encoding.find(','), accept_encoding.size());
        const std::string_view item = accept_encoding.substr(0, end);
        accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
        const std::size_t semicolon = item.find(';');
        const std::string_view name = http::trimmed(item.substr(0, semicolon));
        const int weight = semicolon == std::string_view::npos ? 1000 : weight_of(item.substr(semicolon + 1));
        if (http::equal_without_case(name, "gzip") || http::equal_without_case(name, "x-gzip"))
            weights.gzip = weight;
        else if (http::equal_without_case(name, "br"))
            weights.br = weight;
        else if (http::equal_without_case(name, "identity"))
            weights.identity = weight;
        else if (name == "*")
            weights.others = weight;
    }
    return weights;
}

}  // namespace

std::string_view to_string(Coding coding) { return coding == Coding::gzip ? "gzip" : coding == Coding::br ? "br" : ""; }

std::string_view tag_suffix(Coding coding) {
    return coding == Coding::gzip ? "-gz" : coding == Coding::br ? "-br" : "";
}

Coding choose_coding(std::string_view accept_encoding, bool has_gzip, bool has_br) {
    if (accept_encoding.empty()) return Coding::identity;
    const Weights said = read(accept_encoding);
    const int gzip = has_gzip ? said.gzip.value_or(said.others.value_or(0)) : 0;
    const int br = has_br ? said.br.value_or(said.others.value_or(0)) : 0;
    // Identity is always allowed unless it is named, but wanted only where it is.
    const int identity = said.identity.value_or(0);
    if (br > 0 && br >= gzip && br >= identity) return Coding::br;
    if (gzip > 0 && gzip >= identity) return Coding::gzip;
    return Coding::identity;
}

struct GzipStream::State {
    z_stream zlib{};
};

GzipStream::GzipStream(int level) : state_(std::make_unique<State>()) {
    if (deflateInit2(&state_->zlib, level, Z_DEFLATED, kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc();
}

GzipStream::~GzipStream() {
    if (state_) deflateEnd(&state_->zlib);
}

GzipStream::GzipStream(GzipStream&&) noexcept = default;

void GzipStream::add(std::string_view bytes, bool last, std::string& out) {
    z_stream& zlib = state_->zlib;
    // zlib reads through a pointer that is not const, and counts in 32 bits: pieces are far smaller.
    zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    zlib.avail_in = static_cast<uInt>(bytes.size());
    int result = Z_OK;
    do {
        const std::size_t used = out.size();
        const std::size_t room = deflateBound(&zlib, zlib.avail_in) + 64;
        out.resize(used + room);
        zlib.next_out = reinterpret_cast<Bytef*>(out.data() + used);
        zlib.avail_out = static_cast<uInt>(room);
        result = deflate(&zlib, last ? Z_FINISH : Z_NO_FLUSH);
        out.resize(out.size() - zlib.avail_out);
    } while (zlib.avail_in > 0 || (last && result != Z_STREAM_END));
}

std::string gzip(std::string_view bytes, int level) {
    GzipStream stream(level);
    std::string out;
    stream.add(bytes, true, out);
    return out;
}

std::string brotli(std::string_view bytes, int quality) {
    std::string out(std::max<std::size_t>(BrotliEncoderMaxCompressedSize(bytes.size()), 1024), '\0');
    std::size_t size = out.size();
    if (BrotliEncoderCompress(quality, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, bytes.size(),
                              reinterpret_cast<const std::uint8_t*>(bytes.data()), &size,
                              reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_FALSE)
        throw std::bad_alloc();
    out.resize(size);
    return out;
}

}  // namespace townhall::api
