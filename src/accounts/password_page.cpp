#include <memory>

#include "accounts/operations.hpp"
#include "platform/api/cached.hpp"

namespace townhall::accounts {

namespace {

// Nothing but its own two parts, and the request that sets the password.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

constexpr std::string_view kPage = R"html(<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Choose a password</title>
    <link rel="stylesheet" href="/console/password.css" />
  </head>
  <body>
    <main>
      <h1>Choose a password</h1>
      <form id="form">
        <label for="password">New password, at least 12 characters</label>
        <input id="password" type="password" autocomplete="new-password" minlength="12" maxlength="1024" required />
        <button id="save">Save</button>
      </form>
      <p id="told" role="status"></p>
      <noscript>This page needs JavaScript.</noscript>
    </main>
    <script src="/console/password.js"></script>
  </body>
</html>
)html";

constexpr std::string_view kScript = R"js("use strict";
const [form, password, save, told] = ["form", "password", "save", "told"].map((id) => document.getElementById(id));
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
history.replaceState(null, "", location.pathname); // so that the token does not stay in the history

async function send() {
  const response = await fetch("/api/v1/auth/reset", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token, new_password: password.value }),
  });
  if (response.status === 204) {
    form.remove();
    return "Your password is set. You can sign in with it now.";
  }
  const problem = await response.json();
  return (problem.errors ?? []).map((fault) => fault.detail).join(" ") || problem.detail;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  save.disabled = true;
  told.textContent = await send().catch(() => "The server can't be reached; please try again.");
  save.disabled = false;
});
)js";

constexpr std::string_view kStyle = R"css(:root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif; }
main { max-width: 26rem; margin: 4rem auto; padding: 0 1rem; }
form { display: grid; gap: 0.75rem; }
input, button { font: inherit; padding: 0.5rem; }
)css";

constexpr api::Endpoint<api::Nothing, api::Raw> part(std::string_view path, std::string_view summary,
                                                     std::string_view type) {
    return {.verb = api::get,
            .path = path,
            .summary = summary,
            .who = api::Who::anyone,
            .out_type = type,
            .policy = kPolicy,
            .has_etag = true};
}

constexpr auto kResetPage = part("/console/reset", "Where the mailed link to a new password leads", "text/html");
constexpr auto kInvitationPage = part("/console/invitation", "Where the link of an invitation leads", "text/html");
constexpr auto kPageScript = part("/console/password.js", "Part of both", "text/javascript");
constexpr auto kPageStyle = part("/console/password.css", "Part of both", "text/css");

using Text = std::shared_ptr<const api::Cached>;

Text text(std::string_view body, std::string_view type) {
    return std::make_shared<const api::Cached>(
        std::string(body),
        api::Cached::Kind{.content_type = type, .cache_control = "public, max-age=300", .quick = true});
}

Result<http::Response> answer(const Text& text, api::Context& context) { return text->answer(context); }

}  // namespace

void add_password_page(api::Router& router) {
    const Text page = text(kPage, "text/html; charset=utf-8");
    router.add(kResetPage, page, &answer);
    router.add(kInvitationPage, page, &answer);
    router.add(kPageScript, text(kScript, "text/javascript; charset=utf-8"), &answer);
    router.add(kPageStyle, text(kStyle, "text/css; charset=utf-8"), &answer);
}

}  // namespace townhall::accounts
