#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <sstream>
#include <unistd.h>

#include "platform/mail/development_mailbox.hpp"
#include "platform/mail/mime.hpp"
#include "platform/mail/render.hpp"
#include "platform/mailbox.hpp"

namespace townhall::mail {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;

const observe::Time kDate = std::chrono::sys_days(std::chrono::year(2024) / 2 / 29) + std::chrono::hours(13);

Message message() {
    return {.id = "0190-ab",
            .from = {"no-reply@example.org"},
            .to = {"ann@example.com"},
            .subject = "Thank you",
            .text = "Hello\n"};
}

bool has(const std::string& text, std::string_view piece) { return text.find(piece) != std::string::npos; }

TEST(Mime, WritesAPlainMessage) {
    EXPECT_EQ(to_eml(message(), kDate),
              "From: no-reply@example.org\r\nTo: ann@example.com\r\nSubject: Thank you\r\n"
              "Date: Thu, 29 Feb 2024 13:00:00 +0000\r\nMessage-ID: <0190-ab@example.org>\r\nMIME-Version: 1.0\r\n"
              "Auto-Submitted: auto-generated\r\nContent-Type: text/plain; charset=utf-8\r\n"
              "Content-Transfer-Encoding: quoted-printable\r\n\r\nHello\r\n");
}

TEST(Mime, EncodesWhatIsNotAscii) {
    Message m = message();
    m.to.name = "Zoë \"Z\" Ångström";
    m.from.name = "Town \"Hall\"";
    m.subject = "Grüße";
    m.text = "naïve = yes \ntail\t";
    const std::string eml = to_eml(m, kDate);
    EXPECT_TRUE(has(eml, "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n")) << eml;
    EXPECT_TRUE(has(eml, "From: \"Town \\\"Hall\\\"\"\r\n <no-reply@example.org>\r\n")) << eml;
    EXPECT_TRUE(has(eml, "To: =?UTF-8?B?")) << eml;
    EXPECT_TRUE(has(eml, "na=C3=AFve =3D yes=20\r\ntail=09\r\n")) << eml;
    EXPECT_TRUE(std::ranges::all_of(eml, [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
}

TEST(Mime, NoLineIsTooLongAndNoCharacterIsCut) {
    Message m = message();
    for (int i = 0; i < 40; ++i) m.subject += "日本語 ";
    for (int i = 0; i < 200; ++i) m.text += "длинная строка ";
    std::istringstream lines(to_eml(m, kDate));
    bool in_header = true;
    for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), in_header ? 79U : 77U) << line;  // with its CR
        EXPECT_EQ(line.back(), '\r');
        in_header = in_header && line != "\r";
    }
    // 39 bytes are 13 characters of 3 bytes, or fewer whole ones: never a part of one.
    EXPECT_TRUE(has(to_eml(m, kDate), "=?UTF-8?B?5pel5pys6Kqe"));
}

TEST(Mime, SendsTextAndHtmlAsAlternatives) {
    Message m = message();
    m.html = "<p>Hello</p>";
    m.reply_to = Address{"team@example.org", "Team"};
    const std::string eml = to_eml(m, kDate);
    EXPECT_TRUE(has(eml, "Reply-To: \"Team\"\r\n <team@example.org>\r\n"));
    EXPECT_TRUE(has(eml, "Content-Type: multipart/alternative;\r\n boundary=\"=_0190-ab\"\r\n\r\n--=_0190-ab\r\n"));
    EXPECT_TRUE(has(eml, "Content-Type: text/html; charset=utf-8"));
    EXPECT_TRUE(eml.ends_with("<p>Hello</p>\r\n\r\n--=_0190-ab--\r\n")) << eml;
}

TEST(Mime, NamesAreOneLine) {
    Message m = message();
    m.to.name = "A\r\nBcc: x@example.org\x7f";
    EXPECT_TRUE(has(to_eml(m, kDate), "To: \"A  Bcc: x@example.org \"\r\n <")) << to_eml(m, kDate);
}

TEST(Mailbox, IsWhatMailCanBeSentTo) {
    for (const char* good : {"a@example.org", "a.b+c'd@x-y.example.org", "root@localhost"})
        EXPECT_TRUE(is_mailbox(good));
    for (const char* bad :
         {"",     "@",    "a@",     "@b",     "a",     ".a@b",  "a.@b",  "a..c@b",    "a@b..c", "a@.b",  "a@b.",
          "a@b-", "a@-b", "ä@b.de", "a@ä.de", "a b@c", "a@b c", "a\n@b", "\"a b\"@c", "a@b@c",  "a,b@c", "a@[1.2.3.4]"})
        EXPECT_FALSE(is_mailbox(bad)) << bad;
}

TEST(Mime, RefusesWhatWouldForgeAHeader) {
    const auto refused = [](auto change) {
        Message m = message();
        change(m);
        EXPECT_THROW((void)to_eml(m, kDate), BadMessage);
    };
    refused([](Message& m) { m.subject = "a\r\nBcc: x@example.org"; });
    refused([](Message& m) { m.to.email = "a@example.org\r\nBcc: b@example.org"; });
    refused([](Message& m) { m.to.email = "a@example.org, b@example.org"; });
    refused([](Message& m) { m.to.email = "<a@example.org>"; });
    refused([](Message& m) { m.to.email = ""; });
    refused([](Message& m) { m.id = "../x"; });
    refused([](Message& m) { m.id = ""; });
}

TEST(Address, ReadsBothForms) {
    EXPECT_EQ(address_from("ann@example.org")->email, "ann@example.org");
    const auto named = address_from(" \"Ann Lee\" <ann@example.org>");
    ASSERT_TRUE(named);
    EXPECT_EQ(named->name, "Ann Lee");
    EXPECT_EQ(named->email, "ann@example.org");
    for (const char* bad : {"", "ann", "@x", "a@", "a@b..c", "a b@example.org", "Ann <ann@example.org> x", ".a@b.c"}) {
        EXPECT_FALSE(address_from(bad)) << bad;
    }
}

TEST(Render, FillsEscapesAndRepeats) {
    const Values values{
        {"name", "<b>&co"}, {"many", std::vector<Values>{{{"n", "1"}}, {{"n", "{{name}}"}}}}, {"on", true}};
    EXPECT_EQ(render("{{name}} {{{name}}}", values, Escape::html), "&lt;b&gt;&amp;co <b>&co");
    EXPECT_EQ(render("{{name}}", values, Escape::none), "<b>&co");
    EXPECT_EQ(render("{{#many}}[{{n}}]{{/many}}{{^on}}off{{/on}}{{none}}", values, Escape::none), "[1][{{name}}]");
    EXPECT_THROW((void)render("{{#open}}", values, Escape::none), BadTemplate);
}

class Folder : public testing::Test {
  protected:
    void SetUp() override { fs::create_directories(folder_); }
    void TearDown() override { fs::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }
    const fs::path folder_ = fs::temp_directory_path() / ("townhall-mail-" + std::to_string(::getpid()));
};

TEST_F(Folder, TemplatesAreReadOnce) {
    write("receipt.txt", "Subject: For {{name}}\n\nHello {{name}}\n");
    write("receipt.html", "<p>{{name}}</p>");
    write("plain.txt", "Subject: x\n\ny");
    const Templates templates(folder_);
    const Rendered out = templates.render("receipt", {{"name", "A&B\r\nBcc: x"}});
    EXPECT_EQ(out.subject, "For A&B  Bcc: x");
    EXPECT_EQ(out.text, "Hello A&B\r\nBcc: x\n");
    EXPECT_EQ(out.html, "<p>A&amp;B\r\nBcc: x</p>");
    EXPECT_EQ(templates.render("plain", {}).html, std::nullopt);
    EXPECT_THROW((void)templates.render("other", {}), std::out_of_range);
}

TEST_F(Folder, BadTemplatesAreToldByFile) {
    write("odd.txt", "Hello\n");
    try {
        const Templates templates(folder_);
        FAIL();
    } catch (const BadTemplate& failure) {
        EXPECT_TRUE(has(failure.what(), "odd.txt"));
    }
    EXPECT_THROW(Templates(folder_ / "none"), BadTemplate);
}

TEST_F(Folder, TheMailboxKeepsOneFileForOneMessage) {
    asio::io_context context;
    observe::CpuPool pool({.threads = 1});
    const observe::SystemClock clock;
    DevelopmentMailbox mailbox(folder_ / "mailbox", pool, clock);
    const auto send = [&](Message m) {
        std::exception_ptr failure;
        asio::co_spawn(context, mailbox.send(std::move(m)), [&](std::exception_ptr e) { failure = std::move(e); });
        context.restart();
        context.run();
        if (failure) std::rethrow_exception(failure);
    };
    send(message());
    send(message());
    Message other = message();
    other.id = "other";
    send(other);
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_ / "mailbox")) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    EXPECT_EQ(names, (std::vector<std::string>{"0190-ab.eml", "other.eml"}));
    std::ifstream in(folder_ / "mailbox" / "other.eml");
    EXPECT_TRUE(has({std::istreambuf_iterator<char>(in), {}}, "To: ann@example.com\r\n"));
    other.subject = "a\nb";
    EXPECT_THROW(send(other), BadMessage);
}

}  // namespace
}  // namespace townhall::mail
