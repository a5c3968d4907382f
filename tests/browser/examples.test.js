// The examples of README.md, docs/api.md and docs/integrate.md, each run as it is written.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as overHttp } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { PATIENCE, TEXT, block, example, freePort, missing, openPage, read, startBrowser, startService, startSite } from './support.js';

const LONG = { timeout: 180_000 };
const WRONG = 'That was not what the picture said. Please try this one.';
const GONE = 'The picture had expired. Please try this one.';
const DOWN = 'The picture cannot be checked just now. Please try again in a moment.';

let service, onSocket, silent, failing, browser, folder;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minicap-'));
  [service, onSocket, silent, failing, browser] = await Promise.all([
    startService(),
    startService({ listen: `unix:${join(folder, 'minicap.sock')}` }),
    startSite(() => {}),
    startSite((_, response) => response.writeHead(500).end('{"status":400}')),
    startBrowser(),
  ]);
}, PATIENCE);
after(async () => {
  await browser?.close();
  for (const one of [service, onSocket, silent, failing]) await one?.stop();
  await rm(folder, { recursive: true });
}, PATIENCE);

/** A new captcha of a service at an address of either kind. */
const generate = url => new Promise((resolve, reject) => {
  const options = url.startsWith('unix:') ? { socketPath: url.slice('unix:'.length), host: 'localhost' } : {};
  overHttp(`${url.startsWith('unix:') ? 'http://localhost' : url}/api/captcha/generate/`, {
    method: 'POST', headers: { Accept: 'application/json' }, ...options,
  }, answer => json(answer).then(({ id }) => resolve(id), reject)).on('error', reject).end();
});

/** Runs a program that serves a form, until `stop`. */
async function startProgram([command, ...options], env) {
  const port = await freePort();
  const child = spawn(command, options.map(option => option.replace('PORT', port)), {
    cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, PORT: port, ...env },
  });
  let complaint = '';
  child.stderr.on('data', data => { complaint += data; });
  const url = `http://127.0.0.1:${port}`;
  const begun = Date.now();
  while (!await fetch(url).then(() => true, () => false)) {
    assert(Date.now() - begun < 60_000 && child.exitCode === null, `${command} did not start: ${complaint}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return { url, async stop() { child.kill('SIGKILL'); await once(child, 'exit'); } };
}

const NAME = '<Ada> & "Bob" é';
const encoded = /(&#60;|&lt;)Ada(>|&#62;|&gt;) (&#38;|&amp;) (&#34;|&quot;)Bob(&#34;|&quot;) é/;

/** Sends the form, and checks status and body. */
async function send(url, id, answer, status, body) {
  const form = new URLSearchParams({ name: NAME, 'captcha-id': id, 'captcha-text': answer });
  const begun = Date.now();
  const found = await fetch(url, { method: 'POST', body: form });
  const page = await found.text();
  assert.equal(found.status, status, page);
  assert(page.includes(body), page);
  assert.match(page, encoded);
  assert(Date.now() - begun < 20_000);
  if (status !== 200) assert.match(page, /<input name="name" required value="[^"]*">/);
}

/** Each handler: its file, the commands that build and run it, a probe for its language, and whether it can use Unix sockets. */
const handlers = [
  ['signup.py', null, ['python3', 'signup.py'], ['python3', '--version'], true],
  ['signup.mjs', null, ['node', 'signup.mjs'], ['node', '--version'], true],
  ['signup.php', null, ['php', '-S', '127.0.0.1:PORT', 'signup.php'], ['php', '-r', 'exit(function_exists("curl_init") ? 0 : 1);'], true],
  ['signup.go', ['go', 'build', '-o', 'signup', 'signup.go'], ['./signup'], ['go', 'version'], true],
  ['signup.ru', null, ['rackup', '--server', 'webrick', '--host', '127.0.0.1', '--port', 'PORT', 'signup.ru'], ['rackup', '--version'], true],
  ['SignUp.java', null, ['java', 'SignUp.java'], ['java', '--version'], false],
];

for (const [file, build, run, needed, canUnix] of handlers) {
  test(file, LONG, async t => {
    const probe = spawnSync(needed[0], needed.slice(1));
    const skip = missing(!probe.error && probe.status === 0, needed.join(' '));
    if (skip) return t.skip(skip);
    const source = block(file);
    const make = async source => {
      await writeFile(join(folder, file), source);
      if (!build) return;
      const { status, stderr } = spawnSync(build[0], build.slice(1), {
        cwd: folder, encoding: 'utf8', env: { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOCACHE: join(tmpdir(), 'minicap-go') },
      });
      assert.equal(status, 0, stderr);
    };
    const on = async (captchaUrl, steps) => {
      const program = await startProgram(run, { CAPTCHA_URL: captchaUrl, WIDGET_URL: `${service.url}/widget.js` });
      try {
        await steps(program.url);
      } finally {
        await program.stop();
      }
    };
    await make(source);
    for (const captchaUrl of canUnix ? [service.url, onSocket.url] : [service.url]) {
      await on(captchaUrl, async url => {
        const form = await (await fetch(url)).text();
        assert.match(form, new RegExp(`<script src="${service.url}/widget.js" async></script>`));
        assert.match(form, /<mini-captcha error=""><\/mini-captcha>/);
        const id = await generate(captchaUrl);
        await send(url, id, 'wrong', 422, WRONG);
        await send(url, id, '"quo\\ted" <é> \'\u{1f600}', 422, WRONG);
        await send(url, id, TEXT.toLowerCase(), 200, 'Welcome, ');
        await send(url, id, TEXT, 422, GONE);
        await send(url, '', '', 422, GONE);
        // A text that is longer than the service accepts counts as wrong.
        await send(url, await generate(captchaUrl), 'x'.repeat(17_000), 422, WRONG);
        const empty = await fetch(url, { method: 'POST', body: new URLSearchParams() });
        assert.equal(empty.status, 422);
      });
    }
    const stopped = `http://127.0.0.1:${await freePort()}`;
    const down = canUnix ? [stopped, silent.url, failing.url, `unix:${join(folder, 'none')}`] : [stopped, silent.url, failing.url];
    for (const captchaUrl of down) await on(captchaUrl, url => send(url, 'x', TEXT, 503, DOWN));
    const open = source.replace(/(PASS_WHEN_DOWN|passWhenDown)( = )(False|false)/, (_, name, is, no) => name + is + (no === 'False' ? 'True' : 'true'));
    assert.notEqual(open, source);
    await make(open);
    for (const captchaUrl of [stopped, silent.url, failing.url]) await on(captchaUrl, url => send(url, 'x', TEXT, 200, 'Welcome, '));
    await on(service.url, async url => send(url, await generate(service.url), 'wrong', 422, WRONG));
  });
}

test('a handler and the widget, as a visitor meets them', PATIENCE, async () => {
  await writeFile(join(folder, 'signup.mjs'), block('signup.mjs'));
  const program = await startProgram(['node', 'signup.mjs'], { CAPTCHA_URL: service.url, WIDGET_URL: `${service.url}/widget.js` });
  const { page, close } = await openPage(browser, { origins: [service.url, program.url], complaints: [/status of (422|404)/] });
  try {
    await page.goto(program.url);
    await page.getByLabel('Name').fill('Ada');
    await page.getByLabel('large outlined').fill('wrong');
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByRole('status').getByText(WRONG).waitFor();
    assert.equal(await page.getByLabel('Name').inputValue(), 'Ada');
    await page.getByRole('img').waitFor();
    await page.getByLabel('large outlined').fill(TEXT);
    await page.keyboard.press('Enter');
    await page.getByText('Welcome, Ada!').waitFor();
    await close();
  } finally {
    await program.stop();
  }
});

/** A block with the service's address in place of the example's. */
const here = name => block(name).replaceAll('https://captcha.example', service.url);

/** A site with this page at every path; `answer` gives the status of its responses to POST. */
const onPage = (name, page, answer, run, { policy, complaints } = {}) => test(name, PATIENCE, async () => {
  const sent = [];
  const site = await startSite(async (request, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    if (policy) response.setHeader(...policy());
    if (request.method !== 'POST') return response.end(`<!doctype html><html lang="en"><title>A page</title><link rel="icon" href="data:,">${await page()}`);
    const form = new URLSearchParams(await text(request));
    sent.push([request.url, form]);
    response.writeHead(await answer(form)).end('<!doctype html><title>Sent</title><link rel="icon" href="data:,">sent');
  });
  const { page: opened, close } = await openPage(browser, { origins: [service.url, site.url], complaints });
  try {
    await opened.goto(site.url);
    await run(opened, sent);
    await close();
  } finally {
    site.stop();
  }
});

const check = async form => {
  const body = JSON.stringify({ id: form.get('captcha-id'), text: form.get('captcha-text') });
  const headers = { 'Content-Type': 'application/json' };
  const { status } = await fetch(`${service.url}/api/captcha/validate/`, { method: 'POST', headers, body });
  return status === 200 ? 200 : 422;
};
const captcha = page => page.locator('mini-captcha');

let answers = [];
onPage('script.js', () => `${here('form.html')}<script type="module">${block('script.js')}</script>`,
  async form => answers.length ? answers.shift() : check(form), async (page, sent) => {
    const submit = async (text, said) => {
      await page.getByRole('img').waitFor();
      await captcha(page).getByRole('textbox').fill(text);
      await page.getByRole('button', { name: 'Sign up' }).click();
      await page.getByText(said).waitFor();
    };
    await page.getByLabel('Name').fill('Ada');
    await submit('wrong', 'That was wrong. Please try this one.');
    answers = [503];
    await submit(TEXT, 'Please try again in a moment.');
    await submit(TEXT, 'Thank you!');
    assert.deepEqual(sent.map(([, form]) => form.get('name')), ['Ada', 'Ada', 'Ada']);
    const [first, second, third] = sent.map(([, form]) => form.get('captcha-id'));
    assert.notEqual(first, second);
    assert.equal(second, third);
  }, { complaints: [/status of (422|503)/] });

onPage('two.html', () => here('two.html'), check, async (page, sent) => {
  await page.getByRole('img').nth(1).waitFor();
  const comment = page.locator('form', { hasText: 'Comment' });
  await comment.locator('mini-captcha').getByRole('textbox').fill(TEXT);
  await comment.getByRole('button', { name: 'Send' }).click();
  await page.getByText('sent').waitFor();
  await page.goto(new URL(page.url()).origin);
  await captcha(page).first().getByRole('textbox').fill(TEXT);
  await page.getByRole('img').nth(1).waitFor();
  await page.getByRole('button', { name: 'Sign up' }).click();
  await page.getByText('sent').waitFor();
  assert.deepEqual(sent.map(([url]) => url), ['/comment', '/sign-up']);
  assert.notEqual(sent[0][1].get('captcha-id'), sent[1][1].get('captcha-id'));
});

onPage('policy.txt', () => here('form.html'), check, async page => {
  await page.getByLabel('Name').fill('Ada');
  await page.getByRole('img').waitFor();
  await captcha(page).getByRole('textbox').fill(TEXT);
  await page.keyboard.press('Enter');
  await page.getByText('sent').waitFor();
}, { policy: () => here('policy.txt').trim().split(': ') });

onPage('without_javascript.py', async () => {
  await writeFile(join(folder, 'without_javascript.py'), block('without_javascript.py'));
  const { stdout, stderr } = spawnSync('python3', ['-c', 'from without_javascript import *; print(captcha_fields())'], {
    ...PATIENCE, cwd: folder, encoding: 'utf8', env: { ...process.env, CAPTCHA_URL: service.url },
  });
  assert.equal(stderr, '');
  return `<form method="post">${stdout}<button>Send</button></form>`;
}, check, async page => {
  await page.waitForFunction(() => document.images[0].naturalWidth === 600);
  await page.getByLabel('Type the 6 large outlined characters.').fill(TEXT);
  await page.keyboard.press('Enter');
  await page.getByText('sent').waitFor();
});

test('sound_without_javascript.py', PATIENCE, async () => {
  const speaking = await startService({ options: ['--audio', 'on', '--test-text', '42'] });
  const site = await startSite((request, response) => {
    const { stdout, stderr } = spawnSync('python3', ['-c', 'from sound_without_javascript import *; print(sound_fields())'], {
      ...PATIENCE, cwd: folder, encoding: 'utf8', env: { ...process.env, CAPTCHA_URL: speaking.url },
    });
    assert.equal(stderr, '');
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><title>A page</title><link rel="icon" href="data:,"><form>${stdout}</form>`);
  });
  const { page, close } = await openPage(browser, { origins: [speaking.url, site.url] });
  try {
    await writeFile(join(folder, 'sound_without_javascript.py'), block('sound_without_javascript.py'));
    await page.goto(site.url);
    // It can be played.
    await page.locator('audio').evaluate(sound => new Promise((resolve, reject) => {
      sound.oncanplaythrough = resolve;
      sound.onerror = () => reject(sound.error);
      sound.load();
    }));
    assert(await page.locator('audio').evaluate(sound => 1 < sound.duration && sound.duration < 20));
    await page.getByLabel('Type the digits that you hear.').fill('4 2');
    const id = await page.locator('[name=captcha-id]').inputValue();
    const text = await page.getByLabel('Type the digits that you hear.').inputValue();
    const { status } = await fetch(`${speaking.url}/api/captcha/validate/`, {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ id, text }),
    });
    assert.equal(status, 200);
    await close();
  } finally {
    site.stop();
    await speaking.stop();
  }
});

test('every block of the document is run', () => {
  const names = [...read('docs/integrate.md').matchAll(/^```(.+)\n/gm)].map(([, fence]) => fence.split(' ').at(-1));
  const run = [read('tests/browser/examples.test.js'), read('tests/browser/dropin.test.js')].join();
  for (const name of names.filter(name => name !== 'text')) assert(run.includes(`'${name}'`), name);
});

test('the README’s handler', PATIENCE, async () => {
  await writeFile(join(folder, 'captcha.py'), example('python'));
  const ask = (url, ...options) => {
    const { stdout, status } = spawnSync('python3', ['-c', 'import sys, captcha\nprint(captcha.is_solved(*sys.argv[1:]))', ...options], {
      ...PATIENCE, cwd: folder, encoding: 'utf8', env: { ...process.env, CAPTCHA_URL: url },
    });
    return status === 0 ? stdout.trim() : 'error';
  };
  const id = await generate(service.url);
  for (const [text, expected] of [
    ['wrong', 'False'], [`"quo\\ted" <é> '`, 'False'], [TEXT.toUpperCase(), 'True'], [TEXT, 'False'],
  ]) {
    assert.equal(ask(service.url, id, text), expected, text);
  }
  assert.equal(ask(service.url, '', ''), 'False');
  assert.equal(ask(service.url, id, 'x'.repeat(17_000)), 'False');
  for (const url of [`http://127.0.0.1:${await freePort()}`, silent.url, failing.url]) assert.equal(ask(url, id, TEXT), 'error', url);
});

test('curl', async () => {
  const { stdout } = spawnSync('bash', ['-c', block('bash', 'docs/api.md')], {
    ...PATIENCE, cwd: folder, encoding: 'utf8', input: `${TEXT}\n`, env: { ...process.env, CAPTCHA_URL: service.url },
  });
  assert.deepEqual(JSON.parse(stdout), { status: 200, message: 'CAPTCHA validated successfully' });
});
