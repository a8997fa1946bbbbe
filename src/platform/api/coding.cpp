#include "platform/api/coding.hpp"

#include <algorithm>
#include <brotli/encode.h>
#include <new>
#include <optional>
#include <zlib.h>

#include "platform/api/weighted.hpp"
#include "platform/http/gate.hpp"

namespace townhall::api {

namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib: 16 more writes gzip's header
constexpr int kMemory = 8;

/// What a client said of each coding; nothing where it said nothing.
struct Weights {
    std::optional<int> identity, gzip, br, others;
};

Weights read(std::string_view accept_encoding) {
    Weights weights;
    while (const auto item = take_weighted(accept_encoding)) {
        const auto& [name, weight] = *item;
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
