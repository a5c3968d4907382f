// The widget in Firefox: what depends on the browser, such as focus, forms and where a script is from.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import puppeteer from 'puppeteer-core';
import { PATIENCE, TEXT, missing, startService, startSite } from './support.js';

const firefox = process.env.FIREFOX ?? '/usr/bin/firefox-esr';
const options = { ...PATIENCE, skip: missing(existsSync(firefox), firefox) };

let service, browser;
before(async () => {
  if (options.skip) return;
  [service, browser] = await Promise.all([
    startService(), puppeteer.launch({ browser: 'firefox', executablePath: firefox, headless: true }),
  ]);
}, PATIENCE);
after(async () => { await browser?.close(); await service?.stop(); }, PATIENCE);

/** Runs a test on a page of another origin with this form; the page that is sent to tells what it got. */
const onForm = (name, { form, html = 'lang="en"', load = url => `<script src="${url}/widget.js"></script>`, width = 800 }, run) =>
  test(name, options, async () => {
    const site = await startSite(async (request, response) => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      const sent = request.method === 'POST' ? `<p>${new URLSearchParams(await text(request))}</p>` : '';
      response.end(`<!doctype html><html ${html}><title>A form</title><link rel="icon" href="data:,">${sent}
        <form method="post">${form}</form>${sent ? '' : load(service.url)}`);
    });
    const page = await browser.newPage();
    try {
      await page.setViewport({ width, height: 700 });
      await page.goto(site.url);
      await run(page);
    } finally {
      await page.close();
      site.stop();
    }
  });

const loaded = page => page.waitForFunction(() =>
  document.querySelector('mini-captcha')?.shadowRoot?.querySelector('img.shown')?.naturalWidth === 600);
const inWidget = (page, run) => page.evaluate(`(${run})(document.querySelector('mini-captcha'), document.querySelector('mini-captcha').shadowRoot)`);

onForm('Enter activates the default button', {
  form: '<mini-captcha></mini-captcha><button name="way" value="first">Send</button>',
}, async page => {
  await loaded(page);
  await inWidget(page, widget => widget.focus());
  await page.keyboard.type(TEXT);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  assert.match(await page.$eval('p', element => element.textContent), /^captcha-id=[0-9a-f-]{36}&captcha-text=aB3xY7&way=first$/);
});

onForm('Enter does nothing where the default button is disabled', {
  form: '<mini-captcha></mini-captcha><button disabled>Send</button>',
}, async page => {
  await loaded(page);
  await inWidget(page, widget => widget.focus());
  await page.keyboard.type(TEXT);
  await page.keyboard.press('Enter');
  assert.equal(await inWidget(page, widget => widget.value), TEXT);
});

for (const [what, load] of [
  ['as a module', url => `<script type="module" src="${url}/widget.js"></script>`],
  ['by import()', url => `<script>import('${url}/widget.js')</script>`],
]) onForm(`it knows its service when loaded ${what}`, { form: '<mini-captcha></mini-captcha>', load }, loaded);

onForm('in a closed dialog it asks for nothing until it is seen', {
  form: '<dialog><mini-captcha></mini-captcha></dialog>',
}, async page => {
  const asked = () => page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.includes('generate')).length);
  await page.evaluate(() => new Promise(resolve => setTimeout(resolve, 200)));
  assert.equal(await asked(), 0);
  await page.evaluate(() => document.querySelector('dialog').showModal());
  await loaded(page);
  assert.equal(await asked(), 1);
});

onForm('reset() ends the old captcha, and the new picture is announced', {
  form: '<mini-captcha error="That was wrong."></mini-captcha>',
}, async page => {
  await loaded(page);
  assert.equal(await inWidget(page, (_, root) => root.querySelector('p').textContent), 'That was wrong.');
  await inWidget(page, widget => widget.focus());
  await page.keyboard.type('x');
  assert.equal(await inWidget(page, (_, root) => root.querySelector('p').textContent), '');
  const state = () => inWidget(page, widget => Object.fromEntries(new FormData(widget.form)));
  const last = await state();
  const atOnce = await inWidget(page, widget => {
    widget.form.reset();
    return Object.fromEntries(new FormData(widget.form));
  });
  assert.deepEqual(atOnce, { 'captcha-id': '', 'captcha-text': '' });
  await loaded(page);
  assert.notEqual((await state())['captcha-id'], last['captcha-id']);
  assert.equal(await inWidget(page, (_, root) => root.querySelector('p').textContent), 'Here is a new picture.');
});

onForm('the picture follows the colour scheme of the element', {
  form: '<mini-captcha style="color-scheme: dark"></mini-captcha>',
}, async page => {
  await loaded(page);
  const asked = () => page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name.split('?theme=')[1]).filter(Boolean));
  assert.deepEqual(await asked(), ['dark']);
  await inWidget(page, widget => { widget.style.colorScheme = 'light'; });
  await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('?theme=light')));
});

onForm('a label for it names and focuses the field', {
  form: '<label for="captcha">Code</label><mini-captcha id="captcha"></mini-captcha>',
}, async page => {
  await loaded(page);
  await page.click('label');
  assert.match(await inWidget(page, (_, root) => root.activeElement.ariaLabel), /^Code Type the 6 large/);
});

onForm('on a narrow screen nothing is squeezed, in Arabic either', {
  form: '<mini-captcha></mini-captcha>', html: 'lang="ar" dir="rtl"', width: 320,
}, async page => {
  await loaded(page);
  const [image, field, button] = await inWidget(page, (_, root) => ['img', 'input', 'button'].map(name => root.querySelector(name).getBoundingClientRect().width));
  assert.equal(image, field);
  assert(24 <= button && button < 40, `${button}`);
});
