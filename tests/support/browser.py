"""A real browser: Chromium, driven by Playwright."""

import json
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.server import ROOT

_PLAYWRIGHT = ROOT / "build" / "third_party" / "playwright"

_DRIVE = """
const { chromium } = require(process.argv[1]);
const orders = JSON.parse(require('fs').readFileSync(0, 'utf8'));
(async () => {
  const browser = await chromium.launch({ executablePath: orders.program, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
    const said = [];
    page.on('console', (message) => { if (message.type() === 'error') said.push(message.text()); });
    page.on('pageerror', (error) => said.push(String(error)));
    const visited = [];
    page.on('request', (request) => visited.push(request.url()));
    await page.goto(orders.url);
    if (orders.wait) await page.waitForSelector(orders.wait, { timeout: 20000 });
    const result = orders.script ? await page.evaluate(orders.script) : null;
    if (orders.screenshot) await page.screenshot({ path: orders.screenshot });
    console.log(JSON.stringify({ result, said, visited }));
  } finally {
    await browser.close();
  }
})().catch((error) => { console.error(error); process.exit(1); });
"""


def visit(url, script=None, wait=None, screenshot=None):
    """Opens a page, waits for a selector, and runs a script in it. `result` is what the script gives, `said` what went
    wrong on the page, `visited` every URL that was asked for."""
    program = shutil.which("chromium")
    assert program, "no chromium: ./dev test installs it"
    assert _PLAYWRIGHT.exists(), f"{_PLAYWRIGHT} is missing: ./dev test brings it"
    orders = {"program": program, "url": url, "script": script, "wait": wait, "screenshot": screenshot}
    done = subprocess.run(
        ["node", "-e", _DRIVE, "--", str(_PLAYWRIGHT)],
        input=json.dumps(orders),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def site(page="<!doctype html><title>A site</title>"):
    """Another web site on this machine: its origin."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):  # pylint: disable=invalid-name
            body = page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
