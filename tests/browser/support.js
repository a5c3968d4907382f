// What the tests share: a running service, a browser, and checks of what its pages request and log.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import axe from 'axe-core';
import { minify as minifyHtml } from 'html-minifier-terser';
import { chromium, firefox } from 'playwright-core';
import { minify } from 'terser';

const root = new URL('../../', import.meta.url);
const program = process.env.MINICAP ?? fileURLToPath(new URL('target/release/minicap', root));

/** How long a test may take: long, since machines may be busy. */
export const PATIENCE = { timeout: 60_000 };

/** Files of which the service sends a minified form. */
export const SOURCES = ['widget.js', 'compat.js', 'index.html', 'openapi.json'].map(name => `src/api/docs/${name}`);

/** The path of the minified form of a file. */
export const made = path => path.replace(/(?=\.\w+$)/, '.min');

/** Why a test is skipped for which something is missing; with `NOTHING_SKIPPED`, nothing, so that the test fails. */
export const missing = (isThere, what) => !isThere && !process.env.NOTHING_SKIPPED && `no ${what}`;

/** The text of every captcha. */
export const TEXT = 'aB3xY7';

/** A service on 127.0.0.1, by default on a free port, or at another address. */
export async function startService({ port = 0, listen = `127.0.0.1:${port}`, options = [] } = {}) {
  const child = spawn(program, ['--listen', listen, '--test-text', TEXT, '--log', 'error', ...options],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(() => assert.fail('the service did not start'));
  const [line] = await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
  const url = line.replace('miniCAP listening on ', '');
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$|^unix:/);
  return {
    url,
    port: new URL(url).port,
    async stop(signal = 'SIGKILL') {
      child.kill(signal);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** A free port of the loopback interface. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** A web server on another origin than the service. */
export async function startSite(answer) {
  const server = createServer(answer).listen(0, 'localhost');
  await once(server, 'listening');
  return {
    url: `http://localhost:${server.address().port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const browsers = {
  chromium: () => chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  }),
  // Debian's Firefox, over WebDriver BiDi.
  firefox: () => firefox.launch({ channel: 'moz-firefox', executablePath: FIREFOX }),
};

export const FIREFOX = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

export const startBrowser = (name = 'chromium') => browsers[name]();

/**
 * A page in a context of its own. By its end it must have sent requests to no other origins than
 * `origins`, and logged no warning or error that `complaints` does not match.
 */
export async function openPage(browser, { origins, complaints = [], ...context }) {
  const page = await (await browser.newContext(context)).newPage();
  page.setDefaultTimeout(10_000);
  const found = [];
  const complain = text => { if (!complaints.some(known => known.test(text))) found.push(text); };
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) complain(message.text()); });
  page.on('pageerror', error => complain(error.message));
  page.on('request', request => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && !origins.includes(origin)) found.push(`request to ${request.url()}`);
  });
  const close = async () => {
    await page.context().close();
    assert.deepEqual(found, []);
  };
  return { page, close };
}

/** Asserts that axe finds nothing on the page, including its open shadow trees. */
export async function assertAccessible(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const shown = violations.map(({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`);
  assert.deepEqual(shown, []);
}

/** The one block of the README in this language. */
export const example = language => block(language, 'README.md');

/** The one block of a document with this name at the end of its opening fence. */
export function block(name, path = 'docs/integrate.md') {
  const blocks = [...read(path).matchAll(/^```(?:\w+ )?(\S+)\n(.*?)^```$/gms)].filter(([, found]) => found === name);
  assert.equal(blocks.length, 1, `blocks named ${name} in ${path}`);
  return blocks[0][2];
}

const JS = { ecma: 2022, compress: { passes: 3 } };
const HTML = {
  collapseWhitespace: true, minifyCSS: true, removeAttributeQuotes: true, removeOptionalTags: true, sortClassName: true,
  minifyJS: code => minify(code, { ...JS, toplevel: true }).then(result => result.code),
};
const makers = {
  js: async text => `${(await minify(text, JS)).code}\n`,
  html: text => minifyHtml(text, HTML),
  json: text => JSON.stringify(JSON.parse(text)),
};

/** The minified form of a file, as the service sends it. */
export const smaller = path => makers[path.split('.').at(-1)](read(path));

/** The text of a file of the repository. */
export const read = path => readFileSync(new URL(path, root), 'utf8');
