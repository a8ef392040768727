// The chat page in a real browser: a person writes, the bot answers, buttons and
// lists are clicked. Prints one line per case and `N passed, N failed`.
//
// Environment: ZAPI_BUILD (a build with zapibot; without one plain Lua runs
// stage.lua), ZAPI_LUA, CHROMIUM, SHOTS (a folder for pictures of the page).
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const WAIT = 10_000;

// ---- the program under test -------------------------------------------------

function command(listen) {
  const zapibot = process.env.ZAPI_BUILD && join(process.env.ZAPI_BUILD, "zapibot");
  if (zapibot && existsSync(zapibot)) {
    return [zapibot, ["dev", "--listen", listen, join(here, "bot.lua")]];
  }
  return [process.env.ZAPI_LUA || "lua5.4", [join(here, "stage.lua"), listen]];
}

// Resolves with the page's address; rejects with what was printed instead.
function start(listen = "127.0.0.1:0") {
  const [program, args] = command(listen);
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const address = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no page after 20 s:\n${output}`)), 20_000);
    const see = (chunk) => {
      output += chunk;
      const found = /Chat page: (http:\/\/\S+)/.exec(output);
      if (found && (program.endsWith("zapibot") ? /\(webhook\)/.test(output) : true)) {
        clearTimeout(timer);
        resolve(found[1]);
      }
    };
    child.stdout.on("data", see);
    child.stderr.on("data", see);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`ended with ${code}:\n${output}`)));
  });
  const stop = () => new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode);
    child.on("exit", resolve);
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), 8000).unref();
  });
  return { address, stop, output: () => output };
}

// ---- cases ------------------------------------------------------------------

const cases = [];
const test = (name, fn) => cases.push([name, fn]);

function equal(got, wanted, what) {
  if (got !== wanted) throw new Error(`${what}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`);
}

const see = (locator) => locator.waitFor({ state: "visible", timeout: WAIT });

async function write(page, text) {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
}

const last = (page, text) => page.locator("#messages .message", { hasText: text }).last();
const fromBot = (page, text) => page.locator('#messages [data-from="bot"]', { hasText: text }).last();

test("the page opens on a person and says that the bot is linked", async (page) => {
  await see(page.locator('.chat.on:has-text("Ana")'));
  equal(await page.textContent("#link-text"), "conectado", "state");
  equal(await page.locator(".chat").count(), 3, "chats");
});

test("a person writes oi and sees the bot answer", async (page) => {
  await write(page, "oi");
  await see(last(page, "oi"));
  await see(fromBot(page, "Olá! Você vem?"));
  equal(await page.inputValue("#text"), "", "the box after sending");
});

test("the ticks end blue", async (page) => {
  await see(fromBot(page, "Olá! Você vem?").locator('[data-status="READ"]'));
});

test("a click on a button is an answer", async (page) => {
  await fromBot(page, "Olá! Você vem?").getByRole("button", { name: "Sim", exact: true }).click();
  const reply = fromBot(page, "Você escolheu Sim");
  await see(reply);
  equal(await reply.locator("strong").textContent(), "Sim", "bold");
  const click = page.locator('#messages [data-kind="button"]').last();
  await see(click.locator(".quote", { hasText: "Você vem?" }));
});

test("a list opens, and a click on an option is an answer", async (page) => {
  await write(page, "lista");
  const list = fromBot(page, "Qual departamento?");
  await list.locator("summary", { hasText: "Abrir" }).click();
  await list.locator(".option", { hasText: "Suporte" }).click();
  await see(fromBot(page, "Você escolheu Suporte"));
});

test("a click on an option of a poll is a vote", async (page) => {
  await write(page, "enquete");
  await fromBot(page, "Que turno?").getByRole("button", { name: "Tarde", exact: true }).click();
  await see(fromBot(page, "Voto: Tarde"));
});

test("a picture is shown", async (page) => {
  await write(page, "foto");
  const img = fromBot(page, "Um quadrado").locator("img");
  await see(img);
  await page.waitForFunction((e) => e.complete && e.naturalWidth === 1, await img.elementHandle());
});

test("a picture can be sent", async (page) => {
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  await page.setInputFiles("#file", { name: "ponto.png", mimeType: "image/png", buffer: png });
  await see(page.locator('#messages .mine[data-kind="image"] img').last());
});

test("a reaction of the bot hangs on the message", async (page) => {
  await write(page, "reaja");
  await see(last(page, "reaja").locator(".reactions", { hasText: "👍" }));
  equal(await page.locator("#messages .message").last().getAttribute("data-from"), "5511999990001", "newest bubble");
});

test("a person reacts, quotes and deletes", async (page) => {
  const answer = fromBot(page, "Você escolheu Suporte");
  await answer.hover();
  await answer.locator(".emoji summary").click();
  await answer.locator(".emoji button", { hasText: "❤️" }).click();
  await see(answer.locator(".reactions", { hasText: "❤️" }));
  await answer.hover();
  await answer.locator('.tools > button[title="Responder"]').click();
  await write(page, "com citação");
  await see(fromBot(page, "Ana: com citação"));
  const mine = page.locator("#messages .mine", { hasText: "com citação" }).last();
  await see(mine.locator(".quote", { hasText: "Você escolheu" }));
  await mine.hover();
  await mine.locator('.tools > button[title="Apagar"]').click();
  await see(page.locator("#messages .mine .gone").last());
});

test("markup that a person writes stays text", async (page) => {
  const nasty = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';
  await write(page, nasty);
  await see(fromBot(page, nasty));
  equal(await page.evaluate(() => window.broken), undefined, "window.broken");
  equal(await page.locator("#messages .text img").count(), 0, "images made of text");
});

test("a person and a group are added, and one writes in the group", async (page) => {
  await page.click("#add-person");
  await page.fill("#dialog-name", "Caio");
  await page.fill("#dialog-phone", "+55 21 98888-0001");
  await page.press("#dialog-phone", "Enter");
  await see(page.locator('.chat.on:has-text("Caio")'));
  equal(await page.textContent("#chat-info"), "+5521988880001", "phone");
  await page.click("#add-group");
  await page.fill("#dialog-name", "Equipe");
  await page.press("#dialog-name", "Enter");
  await see(page.locator('.chat.on:has-text("Equipe")'));
  await page.selectOption("#as", { label: "Caio" });
  await write(page, "bom dia");
  await see(fromBot(page, "Caio: bom dia"));
});

test("a mistake in the form is told, not swallowed", async (page) => {
  await page.click("#add-person");
  await page.fill("#dialog-name", "Outro");
  await page.fill("#dialog-phone", "123");
  await page.press("#dialog-phone", "Enter");
  await see(page.locator("#dialog-error", { hasText: "8 to 15 digits" }));
  await page.click("#dialog-cancel");
});

test("the raw tab has calls and webhooks, without secrets", async (page) => {
  await page.click("#tab-raw");
  const call = page.locator(".entry.call", { hasText: "/send-text" }).first();
  await see(call);
  await call.locator("summary").click();
  await see(call.locator("pre", { hasText: '"message"' }).first());
  await see(page.locator(".entry.hook", { hasText: "ReceivedCallback" }).first());
  const text = await page.textContent("#journal");
  for (const secret of [/DEB0000000000000DEB00001/, /Fdeb0b07sandbox/, /webhook\/\w/]) {
    if (secret.test(text)) throw new Error("a secret is on the page");
  }
  await page.uncheck("#show-webhooks");
  equal(await page.locator(".entry.hook").count(), 0, "webhooks after hiding them");
  await page.check("#show-webhooks");
  await page.click("#tab-chat");
});

test("a second page shows the same, live", async (page, { context, url }) => {
  const other = await context.newPage();
  await other.goto(url);
  await see(other.locator('.chat:has-text("Ana")'));
  await other.locator('.chat:has-text("Ana")').click();
  await page.locator('.chat:has-text("Ana")').click();
  await write(page, "ao vivo");
  await see(other.locator("#messages .mine", { hasText: "ao vivo" }).last());
  await see(fromBot(other, "Ana: ao vivo"));
  await other.close();
});

test("a reload loses nothing", async (page) => {
  await page.reload();
  await page.locator('.chat:has-text("Ana")').click();
  await see(fromBot(page, "Ana: ao vivo"));
});

test("a narrow screen shows one side at a time", async (page) => {
  await page.setViewportSize({ width: 390, height: 780 });
  await page.reload();
  await page.locator('.chat:has-text("Ana")').click();
  await see(page.locator("#text"));
  equal(await page.locator("#side").isVisible(), false, "side beside the chat");
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  equal(wide, false, "sideways scrolling");
  await page.click("#back");
  await see(page.locator("#side"));
  await page.setViewportSize({ width: 1200, height: 800 });
});

test("the page waits for a sandbox that was restarted, and shows the new one", async (page, stage) => {
  await page.locator('.chat:has-text("Ana")').click();
  stage.interrupted = true;
  await stage.program.stop();
  await see(page.locator("#offline"));
  stage.program = start(new URL(stage.url).host);
  await stage.program.address;
  await page.locator("#offline").waitFor({ state: "hidden", timeout: 20_000 });
  stage.interrupted = false;
  await see(page.locator("#messages .hint"));
  await write(page, "oi");
  await see(fromBot(page, "Olá! Você vem?"));
});

test("the page speaks English too", async (_page, { browser, url }) => {
  const context = await browser.newContext({ locale: "en-GB" });
  const page = await context.newPage();
  await page.goto(url);
  await see(page.locator("#add-person", { hasText: "New person" }));
  equal(await page.evaluate(() => document.documentElement.lang), "en", "lang");
  await context.close();
});

// ---- run --------------------------------------------------------------------

async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
      "--disable-component-update", "--no-first-run", "--disable-dev-shm-usage"],
  });
}

// What a page must not do: ask another site, throw, or complain.
function watch(context, stage, faults) {
  const origin = new URL(stage.url).origin;
  context.on("request", (r) => {
    const url = new URL(r.url());
    if (url.origin !== origin && url.protocol !== "data:" && url.protocol !== "blob:") {
      faults.push(`request to another site: ${r.url()}`);
    }
  });
  context.on("console", (m) => {
    const expected = /400 \(Bad Request\)/.test(m.text()) && m.location().url.endsWith("/__sandbox/people");
    if (stage.interrupted && /ERR_|Failed to fetch/.test(m.text())) return;
    if (["error", "warning"].includes(m.type()) && !expected) faults.push(`console: ${m.text()}`);
  });
  context.on("weberror", (e) => faults.push(`thrown: ${e.error().message}`));
}

async function main() {
  const stage = { program: start(), interrupted: false };
  let passed = 0;
  let failed = 0;
  const report = (name, error) => {
    if (error) failed += 1;
    else passed += 1;
    console.log(`${error ? "not ok" : "ok"} ${name}${error ? `\n   ${error.message.replaceAll("\n", "\n   ")}` : ""}`);
  };
  try {
    stage.url = await stage.program.address;
    stage.browser = await launch();
    stage.context = await stage.browser.newContext({ locale: "pt-BR", viewport: { width: 1200, height: 800 } });
    const faults = [];
    watch(stage.context, stage, faults);
    const page = await stage.context.newPage();
    page.setDefaultTimeout(WAIT);
    await page.goto(stage.url);
    for (const [name, fn] of cases) {
      let error;
      try { await fn(page, stage); } catch (e) { error = e; }
      report(name, error);
      if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${passed + failed}.png`) });
    }
    report("no other site was asked, nothing was thrown or complained of",
      faults.length ? new Error(faults.join("\n")) : undefined);
  } catch (error) {
    report("the page could be opened", error);
  } finally {
    await stage.browser?.close();
    await stage.program.stop();
  }
  if (failed) console.log(`--- output of the program\n${stage.program.output()}`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

await main();
