#include "platform/observe/symbol_table.hpp"

#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace townhall::observe {

namespace {

/// A structure of the file, if it lies within. The file is our own program, but may have been cut short.
template <class T>
bool read_at(const char* file, std::size_t size, std::size_t offset, T& into) {
    if (offset > size || size - offset < sizeof(T)) return false;
    std::memcpy(&into, file + offset, sizeof(T));
    return true;
}

int take_first(dl_phdr_info* info, std::size_t /*size*/, void* bias) {
    *static_cast<std::uintptr_t*>(bias) = info->dlpi_addr;
    return 1;  // the program itself comes first
}

}  // namespace

SymbolTable::SymbolTable() {
    ::dl_iterate_phdr(&take_first, &bias_);
    const int fd = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    struct stat status{};
    if (fd >= 0 && ::fstat(fd, &status) == 0) {
        size_ = static_cast<std::size_t>(status.st_size);
        void* mapped = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
        if (mapped != MAP_FAILED) file_ = static_cast<const char*>(mapped);
    }
    if (fd >= 0) ::close(fd);
    if (file_) read_sections();
}

SymbolTable::~SymbolTable() {
    if (file_) ::munmap(const_cast<char*>(file_), size_);
}

void SymbolTable::read_sections() {
    ElfW(Ehdr) header;
    if (!read_at(file_, size_, 0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return;
    for (unsigned i = 0; i < header.e_shnum; ++i) {
        ElfW(Shdr) section, names;
        if (!read_at(file_, size_, header.e_shoff + i * sizeof section, section)) return;
        if (section.sh_type != SHT_SYMTAB) continue;
        if (!read_at(file_, size_, header.e_shoff + section.sh_link * sizeof names, names)) return;
        const auto within = [this](const ElfW(Shdr) & part) {
            return part.sh_offset <= size_ && part.sh_size <= size_ - part.sh_offset;
        };
        if (!within(section) || !within(names)) return;
        symbols_ = std::as_bytes(std::span(file_ + section.sh_offset, section.sh_size));
        names_ = {file_ + names.sh_offset, names.sh_size};
        return;
    }
}

SymbolTable::Found SymbolTable::find(std::uintptr_t address) const {
    ElfW(Sym) symbol;
    for (std::size_t at = 0; at + sizeof symbol <= symbols_.size(); at += sizeof symbol) {
        std::memcpy(&symbol, symbols_.data() + at, sizeof symbol);
        const std::uintptr_t begin = bias_ + symbol.st_value;
        if ((symbol.st_info & 0xF) != STT_FUNC || address < begin || address - begin >= symbol.st_size) continue;
        if (symbol.st_name >= names_.size()) continue;
        const std::string_view rest = names_.substr(symbol.st_name);
        return {rest.substr(0, rest.find('\0')), address - begin};
    }
    return {};
}

}  // namespace townhall::observe
