// Unmodified software for reCAPTCHA, hCaptcha and Turnstile that uses this service instead.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PATIENCE, TEXT, block, missing, openPage, startBrowser, startService, startSite } from './support.js';

const python = process.env.DROPIN_PYTHON ?? 'python3';
const hasPackages = spawnSync(python, ['-c', 'import flask_wtf, hcaptcha, turnstile']).status === 0;
const options = { ...PATIENCE, skip: missing(hasPackages, 'Python with the packages of dropin/requirements.txt') };
const SECRET = 'the secret of the service';

let service, browser, folder;
before(async () => {
  [service, browser, folder] = await Promise.all([
    startService({ options: ['--siteverify-secret', SECRET] }), startBrowser(), mkdtemp(join(tmpdir(), 'minicap-')),
  ]);
}, PATIENCE);
after(async () => { await browser?.close(); await service?.stop(); await rm(folder, { recursive: true }); }, PATIENCE);

/** Runs one of the sites with its settings from docs/integrate.md, on a free port. */
async function startPython(name, settings) {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise(resolve => probe.close(resolve));
  const path = join(folder, settings);
  await writeFile(path, block(settings).replaceAll('https://captcha.example', service.url));
  const child = spawn(python, [fileURLToPath(new URL(`dropin/${name}`, import.meta.url)), port], {
    stdio: 'ignore', env: { ...process.env, SETTINGS: path },
  });
  const url = `http://127.0.0.1:${port}`;
  const begun = Date.now();
  while (!await fetch(url).then(() => true, () => false)) {
    assert(Date.now() - begun < PATIENCE.timeout / 2 && child.exitCode === null, `${name} did not start`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return { url, stop: () => child.kill('SIGKILL') };
}

const widget = page => page.locator('mini-captcha');
async function answer(page, text) {
  await page.getByRole('img').waitFor();
  await widget(page).getByRole('textbox').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
}

for (const [kind, name, path, file, settings, wrong, used] of [
  ['recaptcha', 'g-recaptcha', '/', 'flask_app.py', 'flask_settings.py', 'The response parameter is invalid or malformed.', 'The response parameter is missing.'],
  ['hcaptcha', 'h-captcha', '/hcaptcha', 'django_app.py', 'hcaptcha_settings.py', 'hCaptcha could not be verified.', 'hCaptcha could not be verified.'],
  ['turnstile', 'cf-turnstile', '/turnstile', 'django_app.py', 'turnstile_settings.py', 'Turnstile could not be verified.', 'Turnstile could not be verified.'],
]) {
  test(`${kind}: shown, wrong refused, right accepted, used one refused`, options, async () => {
    const site = await startPython(file, settings);
    const { page, close } = await openPage(browser, { origins: [service.url, site.url] });
    try {
      await page.goto(site.url + path);
      await answer(page, 'wrong');
      await page.getByText(wrong).waitFor();
      const sent = page.waitForRequest(request => request.method() === 'POST' && request.url() === site.url + path);
      await answer(page, TEXT);
      await page.getByText('passed: Ada').waitFor();
      const fields = new URLSearchParams((await sent).postData());
      assert.match(fields.get(`${name}-response`), /^[0-9a-f-]{36}\.aB3xY7$/);
      assert.equal(fields.get('captcha-id'), null);
      // The same request again, as an attacker would send it who had read it.
      await page.goto(site.url + path);
      await page.getByRole('img').waitFor();
      await page.evaluate(fields => {
        const form = document.createElement('form');
        form.method = 'post';
        for (const [name, value] of fields) form.append(Object.assign(document.createElement('input'), { name, value }));
        document.body.append(form);
        form.submit();
      }, [...fields]);
      await page.getByText(used).waitFor();
      await close();
    } finally {
      site.stop();
    }
  });
}

/** A page written for one of the services. */
const onPage = (name, html, run, context) => test(name, PATIENCE, async () => {
  const site = await startSite((_, response) => {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    response.end(`<!doctype html><html lang="en"><title>A page</title><link rel="icon" href="data:,">${html(service.url)}`);
  });
  const { page, close } = await openPage(browser, { origins: [service.url, site.url], ...context });
  try {
    await page.goto(site.url);
    await run(page);
    await close();
  } finally {
    site.stop();
  }
});

onPage('callbacks are called when the answer is complete, and when the captcha has ended', url => `
  <script>
    const calls = [];
    const solved = token => calls.push(['solved', token.replace(/.*\\./, '')]), ended = () => calls.push(['ended']);
  </script>
  <script>window.solved = solved; window.ended = ended; window.calls = calls;</script>
  <form><div class="g-recaptcha" data-callback="solved" data-expired-callback="ended"></div></form>
  <script src="${url}/widget.js?compat=recaptcha" async defer></script>`, async page => {
  await page.getByRole('img').waitFor();
  await widget(page).getByRole('textbox').pressSequentially(TEXT);
  assert.deepEqual(await page.evaluate(() => window.calls), [['solved', TEXT]]);
  assert.match(await page.evaluate(() => window.grecaptcha.getResponse()), /^[0-9a-f-]{36}\.aB3xY7$/);
  assert.equal(await page.evaluate(() => document.getElementById('g-recaptcha-response').value), await page.evaluate(() => window.grecaptcha.getResponse()));
  await page.evaluate(() => window.grecaptcha.reset());
  assert.equal(await page.evaluate(() => window.grecaptcha.getResponse()), '');
  await page.waitForFunction(() => window.calls.length === 2);
  assert.deepEqual(await page.evaluate(() => window.calls), [['solved', TEXT], ['ended']]);
});

onPage('explicit rendering shows widgets in the given elements with the given options', url => `
  <div id="first"></div><div id="second"></div><div class="cf-turnstile"></div>
  <script>function begin() { window.begun = true }</script>
  <script src="${url}/widget.js?compat=turnstile&render=explicit&onload=begin"></script>`, async page => {
  await page.waitForFunction(() => window.begun);
  assert.equal(await widget(page).count(), 0);
  const numbers = await page.evaluate(() => [
    window.turnstile.render('#first', { theme: 'dark', language: 'de', callback: token => { window.token = token; } }),
    window.turnstile.render(document.getElementById('second'), { 'response-field-name': 'own' }),
    window.turnstile.render('#first'),
  ]);
  assert.deepEqual(numbers, ['0', '1', '0']);
  await page.getByRole('img').nth(1).waitFor();
  await page.getByRole('button', { name: 'Anderes Bild' }).waitFor();
  await page.locator('#first').getByRole('textbox').fill(TEXT);
  await page.waitForFunction(() => window.token && window.token === window.turnstile.getResponse('0'));
  assert.equal(await page.locator('#second textarea').getAttribute('name'), 'own');
  await page.evaluate(() => window.turnstile.remove('1'));
  assert.equal(await widget(page).count(), 1);
});

onPage('unknown services and elements are errors in the console', url => `
  <button class="h-captcha">Send</button><script src="${url}/widget.js?compat=hcaptcha"></script>
  <script src="${url}/widget.js?compat=other"></script>`, async page => {
  await page.waitForFunction(() => window.hcaptcha);
  assert.equal(await widget(page).count(), 0);
}, { complaints: [/expected compat to be recaptcha, hcaptcha or turnstile, but found other/, /there is no invisible captcha/] });
