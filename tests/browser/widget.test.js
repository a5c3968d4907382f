// The widget in forms of another origin, as their visitors use it.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { PATIENCE, TEXT, assertAccessible, example, openPage, startBrowser, startService, startSite } from './support.js';

let service, browser, folder, isSolved;
before(async () => {
  [service, browser, folder] =
    await Promise.all([startService(), startBrowser(), mkdtemp(join(tmpdir(), 'minicap-'))]);
  // The backend is the README's.
  process.env.CAPTCHA_URL = service.url;
  await writeFile(join(folder, 'captcha.mjs'), example('js'));
  ({ isSolved } = await import(join(folder, 'captcha.mjs')));
}, PATIENCE);
after(async () => {
  await browser?.close();
  await service?.stop();
  await rm(folder, { recursive: true });
}, PATIENCE);

// Only a refused connection, and only where the service is stopped on purpose.
const REFUSED = /net::ERR_CONNECTION_REFUSED/;

/** A page of its own origin with this form; its backend tells whether the captcha was solved. */
const formPage = ({ url }, form) => async (request, response) => {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Content-Security-Policy',
    `default-src 'none'; script-src ${url}; connect-src ${url}; img-src data:; form-action 'self'`);
  const head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>A form</title>' +
    '<link rel="icon" href="data:,"><main><h1>A form</h1>';
  if (request.method === 'POST') {
    const fields = new URLSearchParams(await text(request));
    const solved = await isSolved(fields.get('captcha-id'), fields.get('captcha-text'));
    response.end(`${head}<p>${solved ? 'passed' : 'stopped'}: ${[...fields.keys()].join(' ')}</p></main>`);
  } else {
    response.end(`${head}<form method="post">${form}</form></main>` +
      `<script src="${url}/widget.js" async></script>`);
  }
};

const FORM = '<label>Name <input name="name"></label><mini-captcha></mini-captcha><button>Send</button>';

/** Runs a test on a form with its first captcha loaded. */
const onForm = (name, { form = FORM, options, complaints, clock, ...context }, run) => test(name, PATIENCE, async () => {
  const own = options ? await startService({ options }) : service;
  const site = await startSite(formPage(own, form));
  const { page, close } = await openPage(browser, { origins: [own.url, site.url], complaints, ...context });
  try {
    if (clock) await page.clock.install();
    await page.goto(site.url);
    await picture(page);
    await run(page, own);
    await close();
  } finally {
    site.stop();
    if (own !== service) await own.stop();
  }
});

/** Waits for a picture other than `last`, and returns it. */
async function picture(page, last = '') {
  const image = page.getByRole('img');
  await page.waitForFunction(([element, last]) => element.naturalWidth === 600 && element.src !== last,
    [await image.elementHandle(), last]);
  return image.getAttribute('src');
}

const field = page => page.getByLabel('Type the characters in the picture');
const send = page => page.getByRole('button', { name: 'Send' }).click();
/** What the form would send. */
const data = page => page.evaluate(() => Object.fromEntries(new FormData(document.querySelector('form'))));
const validity = page => page.evaluate(() => {
  const widget = document.querySelector('mini-captcha');
  return [widget.checkValidity(), widget.matches(':invalid'), widget.validationMessage];
});

onForm('who solves it passes', {}, async page => {
  await field(page).fill(TEXT);
  await send(page);
  await page.getByText('passed: name captcha-id captcha-text').waitFor();
});

onForm('who does not is stopped', {}, async page => {
  await field(page).fill('wrong');
  await send(page);
  await page.getByText('stopped: name captcha-id captcha-text').waitFor();
});

onForm('the keyboard is enough', {}, async page => {
  await page.keyboard.press('Tab');
  await page.keyboard.type('me');
  await page.keyboard.press('Tab');
  await page.keyboard.type(`${TEXT}x`);
  await page.keyboard.press('Backspace');
  assert.equal(await field(page).inputValue(), TEXT);
  await page.keyboard.press('Tab');
  assert(await page.getByRole('button', { name: 'Another picture' }).evaluate(button => button.matches(':focus')));
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByText('passed').waitFor();
});

onForm('it is required like a native field', {}, async page => {
  const message = 'Please type the characters in the picture.';
  assert.deepEqual(await validity(page), [false, true, message]);
  await send(page);
  assert(await field(page).evaluate(element => element.matches(':focus')), 'the form shows where');
  assert.equal(await page.getByText('stopped').count(), 0);
  await field(page).fill('x');
  assert.deepEqual(await validity(page), [true, false, '']);
  await field(page).press('Backspace');
  assert.equal(await field(page).inputValue(), '');
  assert.deepEqual(await validity(page), [false, true, message]);
});

onForm('names are attributes', {
  form: '<mini-captcha id-name="a" text-name="b"></mini-captcha>',
}, async page => {
  await field(page).fill('x');
  const { a, b, ...others } = await data(page);
  assert.match(a, /^[0-9a-f-]{36}$/);
  assert.deepEqual([b, others], ['x', {}]);
});

onForm('words are attributes, then and later', {
  form: '<mini-captcha lang="de" label="Zeichen im Bild" renew="Anderes Bild" alt="Bild"></mini-captcha>',
}, async page => {
  await page.getByLabel('Zeichen im Bild').waitFor();
  await page.getByRole('button', { name: 'Anderes Bild' }).waitFor();
  await page.getByRole('img', { name: 'Bild', exact: true }).waitFor();
  await page.evaluate(() => document.querySelector('mini-captcha').setAttribute('missing', 'Bitte abtippen'));
  assert.equal((await validity(page))[2], 'Bitte abtippen');
});

onForm('another picture is another captcha', {}, async page => {
  const last = [await picture(page), await data(page)];
  await field(page).fill('x');
  await page.getByRole('button', { name: 'Another picture' }).click();
  await picture(page, last[0]);
  assert.equal(await field(page).inputValue(), '');
  assert.notEqual((await data(page))['captcha-id'], last[1]['captcha-id']);
});

onForm('a form that is reset has another captcha', {}, async page => {
  const last = await picture(page);
  await field(page).fill('x');
  await page.evaluate(() => document.querySelector('form').reset());
  await picture(page, last);
  assert.equal(await field(page).inputValue(), '');
});

onForm('it is disabled with its fieldset', {
  form: '<fieldset disabled><mini-captcha></mini-captcha></fieldset>',
}, async page => {
  assert(await field(page).isDisabled());
  assert.deepEqual(await data(page), {});
});

for (const [colorScheme, attribute, expected] of [
  ['light', '', 'light'], ['dark', '', 'dark'], ['light', 'theme="dark"', 'dark'], ['dark', 'theme="light"', 'light'],
]) {
  onForm(`where ${colorScheme} is preferred, ${attribute || 'no attribute'} makes it ${expected}`, {
    form: `<mini-captcha ${attribute}></mini-captcha>`, colorScheme,
  }, async page => {
    const asked = await page.evaluate(() => performance.getEntriesByType('resource').map(entry => entry.name));
    assert.equal(asked.filter(name => name.endsWith(`?theme=${expected}`)).length, 1, asked.join());
    assert.equal(asked.filter(name => name.includes('generate')).length, 1, asked.join());
  });
}

onForm('the picture follows a change of preference until it is being read', { colorScheme: 'light' }, async page => {
  const last = await picture(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await picture(page, last);
  await field(page).fill('x');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  assert.equal(await picture(page), dark);
  assert.equal(await field(page).inputValue(), 'x');
});

onForm('it takes the page’s colours', {
  form: '<mini-captcha></mini-captcha>', bypassCSP: true,
}, async page => {
  await page.addStyleTag({ content: `
    mini-captcha { color: rgb(1, 2, 3); --mini-captcha-border: rgb(4, 5, 6); --mini-captcha-radius: 7px }
    mini-captcha::part(button) { background: rgb(8, 9, 10) }` });
  const style = (locator, name) => locator.evaluate((element, name) => getComputedStyle(element)[name], name);
  const button = page.getByRole('button');
  assert.equal(await style(field(page), 'color'), 'rgb(1, 2, 3)');
  assert.equal(await style(field(page), 'borderColor'), 'rgb(4, 5, 6)');
  assert.equal(await style(page.getByRole('img'), 'borderRadius'), '7px');
  assert.equal(await style(button, 'backgroundColor'), 'rgb(8, 9, 10)');
});

onForm('it is renewed before it expires, and says so', { options: ['--ttl', '2'] }, async page => {
  const last = await picture(page);
  await field(page).fill('too slow');
  await picture(page, last);
  await page.getByRole('status').getByText('Here is a new one.').waitFor();
  assert.equal(await field(page).inputValue(), '');
});

onForm('on a page that nobody sees it waits with that', { clock: true }, async page => {
  const last = await picture(page);
  const hide = hidden => page.evaluate(hidden => {
    Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  await page.clock.fastForward('08:59');
  await hide(true);
  await page.clock.fastForward('02:00');
  assert.equal(await picture(page), last);
  await hide(false);
  await picture(page, last);
});

onForm('a page that is returned to has another captcha', {}, async page => {
  const last = await picture(page);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await picture(page, last);
});

onForm('a service that stops is told, and tried again', { options: [], complaints: [REFUSED] }, async (page, own) => {
  const last = await picture(page);
  await own.stop();
  await page.getByRole('button', { name: 'Another picture' }).click();
  await page.getByRole('status').getByText('The picture cannot be loaded.').waitFor();
  assert.deepEqual(await validity(page), [false, true, 'The picture cannot be loaded.']);
  await assertAccessible(page);
  const again = await startService({ port: own.port });
  try {
    await page.getByRole('button', { name: 'Try again' }).click();
    await picture(page, last);
    await page.getByRole('button', { name: 'Another picture' }).waitFor();
    assert.equal(await page.getByRole('status').textContent(), '');
    await field(page).fill('x');
    assert.deepEqual(await validity(page), [true, false, '']);
  } finally {
    await again.stop();
  }
});

for (const colorScheme of ['light', 'dark']) {
  onForm(`axe finds nothing: ${colorScheme}`, { colorScheme }, async page => {
    await assertAccessible(page);
    await send(page);
    await assertAccessible(page);
  });
}
