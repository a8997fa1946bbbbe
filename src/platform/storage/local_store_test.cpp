#include "platform/storage/local_store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <csignal>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <latch>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#include "platform/storage/local_file.hpp"

namespace townhall::storage {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

class LocalStoreTest : public testing::Test {
  protected:
    void SetUp() override { store_.emplace(root_, pool_); }
    void TearDown() override { fs::remove_all(root_.parent_path()); }

    void run(std::function<Task<void>()> body) {
        std::exception_ptr failure;
        asio::co_spawn(context_, std::move(body), [&](std::exception_ptr error) { failure = std::move(error); });
        context_.restart();
        context_.run();
        if (failure) std::rethrow_exception(failure);
    }

    Task<void> put(std::string key, std::string bytes) {
        auto writer = co_await store_->create(key);
        co_await writer->write(bytes);
        co_await writer->commit();
    }

    Task<std::string> get(std::string key) {
        auto reader = co_await store_->open(key);
        std::string bytes(reader->size(), '\0');
        std::size_t done = 0;
        while (const std::size_t n = co_await reader->read(std::span(bytes).subspan(done))) done += n;
        EXPECT_EQ(done, bytes.size());
        co_return bytes;
    }

    [[nodiscard]] long unfinished() const {
        return std::distance(fs::directory_iterator(root_ / ".tmp"), fs::directory_iterator());
    }

    const fs::path root_ = fs::temp_directory_path() / ("townhall-store-" + std::to_string(::getpid())) / "objects";
    asio::io_context context_;
    observe::CpuPool pool_{{.threads = 2}};
    std::optional<LocalStore> store_;
};

TEST(StorageKey, IsOurs) {
    for (const char* good : {"a", "imports/0190-ab.csv", "a/b_c/d.tar.gz"}) EXPECT_TRUE(valid_key(good)) << good;
    for (const char* bad : {"", "/a", "a/", "a//b", "..", "a/../b", "a/..", ".tmp/x", "a/.b", "A", "a b", "a\\b",
                            "a%2e", "é", "a..b", "a\n"}) {
        EXPECT_FALSE(valid_key(bad)) << bad;
    }
    EXPECT_FALSE(valid_key(std::string_view("a\0b", 3)));
    EXPECT_TRUE(valid_key(std::string(200, 'a')));
    EXPECT_FALSE(valid_key(std::string(201, 'a')));
    EXPECT_FALSE(valid_key(std::string(200, 'a') + "/" + std::string(200, 'b') + "/" + std::string(200, 'c')));
}

TEST_F(LocalStoreTest, KeepsWhatWasCommitted) {
    std::string big(kChunk * 3 + 17, 'x');
    for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 131 >> 3);
    run([&]() -> Task<void> {
        co_await put("imports/a.csv", big);
        co_await put("imports/empty", "");
        EXPECT_EQ(co_await get("imports/a.csv"), big);
        EXPECT_EQ(co_await store_->size("imports/a.csv"), big.size());
        EXPECT_EQ(co_await get("imports/empty"), "");
        co_await put("imports/a.csv", "newer");
        EXPECT_EQ(co_await get("imports/a.csv"), "newer");
    });
    std::ifstream in(*store_->local_path("imports/a.csv"));
    std::string word;
    in >> word;
    EXPECT_EQ(word, "newer");
    EXPECT_EQ(unfinished(), 0);
    EXPECT_EQ(fs::status(root_ / "imports").permissions(), fs::perms::owner_all);
}

TEST_F(LocalStoreTest, ShowsNothingBeforeCommitAndLeavesNothingWithoutIt) {
    run([&]() -> Task<void> {
        co_await put("a", "old");
        {
            auto writer = co_await store_->create("a");
            co_await writer->write(std::string(kChunk * 2, 'y'));
            EXPECT_EQ(writer->size(), kChunk * 2);
            EXPECT_EQ(co_await get("a"), "old");
            EXPECT_EQ(unfinished(), 1);
        }
        co_await pool_.stop();
    });
    EXPECT_EQ(unfinished(), 0);
}

TEST_F(LocalStoreTest, MissingObjectsAreToldApart) {
    run([&]() -> Task<void> {
        co_await put("folder/a", "1");
        EXPECT_EQ(co_await store_->size("b"), std::nullopt);
        EXPECT_EQ(co_await store_->size("folder"), std::nullopt);
        EXPECT_EQ(co_await store_->size("folder/a/b"), std::nullopt);
        co_await store_->remove("b");
        co_await store_->remove("folder/a");
        EXPECT_EQ(co_await store_->size("folder/a"), std::nullopt);
    });
    EXPECT_THROW(run([&]() -> Task<void> { co_await store_->open("b"); }), NoSuchObject);
    EXPECT_THROW(run([&]() -> Task<void> { co_await store_->open("folder"); }), NoSuchObject);
}

TEST_F(LocalStoreTest, RefusesKeysThatLeaveTheFolder) {
    std::ofstream(root_.parent_path() / "secret") << "x";
    EXPECT_THROW(run([&]() -> Task<void> { co_await store_->open("../secret"); }), InvalidKey);
    EXPECT_THROW(run([&]() -> Task<void> { co_await put("a/../../secret", "y"); }), InvalidKey);
    EXPECT_THROW(run([&]() -> Task<void> { co_await store_->remove("../secret"); }), InvalidKey);
    EXPECT_THROW(run([&]() -> Task<void> { co_await store_->list("../"); }), InvalidKey);
    EXPECT_THROW((void)store_->local_path("/etc/passwd"), InvalidKey);
    fs::create_symlink(root_.parent_path() / "secret", root_ / "link");
    EXPECT_THROW(run([&]() -> Task<void> { co_await store_->open("link"); }), StorageError);
}

TEST_F(LocalStoreTest, ListsInOrderByPages) {
    run([&]() -> Task<void> {
        for (const char* key : {"u/b/2", "u/a", "u/b/1", "u/b.txt", "v/a", "u/c"}) co_await put(key, key);
        auto keys = [](const std::vector<Object>& objects) {
            std::vector<std::string> out;
            for (const Object& object : objects) out.push_back(object.key);
            return out;
        };
        using Keys = std::vector<std::string>;
        EXPECT_EQ(keys(co_await store_->list("")), (Keys{"u/a", "u/b.txt", "u/b/1", "u/b/2", "u/c", "v/a"}));
        EXPECT_EQ(keys(co_await store_->list("u/b")), (Keys{"u/b.txt", "u/b/1", "u/b/2"}));
        EXPECT_EQ(keys(co_await store_->list("u/", "", 2)), (Keys{"u/a", "u/b.txt"}));
        EXPECT_EQ(keys(co_await store_->list("u/", "u/b.txt", 2)), (Keys{"u/b/1", "u/b/2"}));
        EXPECT_EQ(keys(co_await store_->list("none/")), Keys{});
        const Object listed = (co_await store_->list("u/b/1")).at(0);
        EXPECT_EQ(listed.size, 5U);
        const auto age = std::chrono::system_clock::now() - listed.modified;
        EXPECT_TRUE(age > -std::chrono::minutes(1) && age < std::chrono::minutes(10));
    });
}

TEST_F(LocalStoreTest, RemovesWhatADeadWriterLeftButNotWhatALiveOneWrites) {
    std::ofstream(root_ / ".tmp" / "left") << "half";
    run([&]() -> Task<void> {
        auto writer = co_await store_->create("a");
        const LocalStore second(root_, pool_);
        EXPECT_EQ(unfinished(), 1);
        EXPECT_FALSE(fs::exists(root_ / ".tmp" / "left"));
        co_await writer->write("whole");
        co_await writer->commit();
        EXPECT_EQ(co_await get("a"), "whole");
    });
}

TEST_F(LocalStoreTest, AFullDiskIsAnErrorOfItsOwnAndHeals) {
    std::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{kChunk, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    EXPECT_THROW(run([&]() -> Task<void> { co_await put("a", std::string(kChunk + 1, 'x')); }), StorageFull);
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    run([&]() -> Task<void> {
        EXPECT_EQ(co_await store_->size("a"), std::nullopt);
        co_await put("a", std::string(kChunk + 1, 'x'));
        EXPECT_EQ(co_await store_->size("a"), kChunk + 1);
    });
}

TEST_F(LocalStoreTest, RefusesAtOnceWhatWontFit) {
    EXPECT_THROW(run([&]() -> Task<void> { co_await store_->create("a", UINT64_MAX); }), StorageFull);
    run([&]() -> Task<void> { EXPECT_GT(co_await store_->free_bytes(), 0U); });
    EXPECT_EQ(unfinished(), 0);
}

TEST_F(LocalStoreTest, AFullPoolDelaysButLosesNothing) {
    observe::CpuPool busy({.threads = 1, .queue = 1});
    LocalStore store(root_, busy);
    run([&]() -> Task<void> {
        auto writer = co_await store.create("a");
        std::latch started(1);
        EXPECT_TRUE(busy.post([&] {
            started.count_down();
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }));
        started.wait();
        EXPECT_TRUE(busy.post([] {}));
        co_await writer->write(std::string(kChunk, 'z'));
        co_await writer->commit();
        EXPECT_EQ(co_await store.size("a"), kChunk);
    });
}

}  // namespace
}  // namespace townhall::storage
