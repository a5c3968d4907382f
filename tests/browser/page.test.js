// The page at the service's address, as a person uses it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { PATIENCE, TEXT, assertAccessible, openPage, startBrowser, startService, startSite } from './support.js';

let service, browser;
before(async () => [service, browser] = await Promise.all([startService(), startBrowser()]), PATIENCE);
after(async () => { await browser?.close(); await service?.stop(); }, PATIENCE);

// Browsers log every answer from 400 on, also those that a script expects.
const JUDGED = /the server responded with a status of 40[04]/;

/** Runs a test on the page with its first captcha loaded. */
const onPage = (name, options, run) => test(name, PATIENCE, async () => {
  const { page, close } = await openPage(browser, { origins: [service.url], ...options });
  await page.goto(service.url + (options.path ?? '/docs'));
  if (options.javaScriptEnabled !== false) await picture(page);
  await run(page);
  await close();
});

/** Waits for a picture other than `last`, and returns it. */
async function picture(page, last = '') {
  const image = page.getByAltText('Picture of characters to type');
  await page.waitForFunction(([element, last]) => element.naturalWidth === 600 && element.src !== last,
    [await image.elementHandle(), last]);
  return image.getAttribute('src');
}

const field = page => page.getByLabel('large outlined characters');

/** Types a text, sends it with Enter, and waits for these words of the verdict. */
async function answer(page, text, words) {
  await field(page).fill(text);
  await page.keyboard.press('Enter');
  await page.getByRole('status').getByText(words).waitFor();
}

onPage('a captcha is solved, once', { complaints: [JUDGED] }, async page => {
  await answer(page, TEXT.toLowerCase(), 'Right.');
  await page.getByText('{"status":200,"message":"CAPTCHA validated successfully"}').waitFor();
  await answer(page, TEXT, 'This captcha is gone');
});

onPage('three wrong answers end a captcha', { complaints: [JUDGED] }, async page => {
  for (let time = 0; time < 3; time++) {
    const judged = page.waitForResponse('**/validate/');
    await answer(page, `wrong ${time}`, 'Wrong.');
    assert.equal((await judged).status(), 400);
    assert(await field(page).evaluate(element => element === document.activeElement), 'focus is kept');
  }
  await answer(page, TEXT, 'This captcha is gone');
});

onPage('another picture is another captcha', {}, async page => {
  const last = await picture(page);
  await field(page).fill('something');
  await page.getByRole('button', { name: 'Another picture' }).click();
  await picture(page, last);
  assert.equal(await field(page).inputValue(), '');
  await answer(page, TEXT, 'Right.');
});

onPage('an empty answer is not sent', {}, async page => {
  page.on('request', request => assert.doesNotMatch(request.url(), /validate/));
  await page.getByRole('button', { name: 'Check' }).click();
  assert(await field(page).evaluate(element => element.matches(':focus:invalid')));
});

for (const [colorScheme, other] of [['light', 'dark'], ['dark', 'light']]) {
  onPage(`page and picture are ${colorScheme} where that is preferred`, { colorScheme }, async page => {
    const ground = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const [red] = ground.match(/\d+/g);
    assert.equal(red < 128, colorScheme === 'dark', ground);
    await page.getByText(`generate/?theme=${colorScheme}`).waitFor();
    const last = await picture(page);
    await page.getByRole('radio', { name: other }).check();
    await picture(page, last);
    await page.getByText(`generate/?theme=${other}`).waitFor();
  });
}

onPage('the keyboard is enough', {}, async page => {
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent
    || document.activeElement.value);
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'text');
  await page.keyboard.type(TEXT);
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Check');
  await page.keyboard.press('Space');
  await page.getByText('Right.').waitFor();
  assert.equal(await focused(), 'text');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'another');
  let last = await picture(page);
  await page.keyboard.press('Enter');
  last = await picture(page, last);
  assert.equal(await focused(), 'another');
  await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowDown');
  await picture(page, last);
  assert.equal(await focused(), 'dark');
  // On to the first of the buttons that copy.
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Copy');
});

onPage('without scripts it is still a document', { javaScriptEnabled: false }, async page => {
  await page.getByText('With scripts on').waitFor();
  await page.getByRole('heading', { name: 'A captcha’s life' }).waitFor();
  await page.getByText('<mini-captcha>').waitFor();
  await page.getByText('def is_solved').waitFor();
  assert.equal(await page.getByRole('button').count(), 0);
  assert.equal(await page.getByRole('textbox').count(), 0);
});

for (const width of [320, 390]) {
  onPage(`nothing sticks out of ${width} pixels`, { viewport: { width, height: 700 } }, async page => {
    await answer(page, TEXT, 'Right.');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
  });
}

onPage('the requests it shows can be pasted into a shell', { complaints: [JUDGED] }, async page => {
  await answer(page, "it's 'wrong'", 'Wrong.');
  const [generate, validate] = await page.locator('.wire code').allTextContents();
  const run = command => JSON.parse(execFileSync('sh', ['-c', command], {
    stdio: ['ignore', 'pipe', 'ignore'], ...PATIENCE,
  }));
  assert.equal(run(generate).expires_in, 600);
  assert.deepEqual(run(validate), { status: 400, message: 'CAPTCHA validation failed' });
});

onPage('what it shows can be copied', { permissions: ['clipboard-read', 'clipboard-write'] }, async page => {
  await page.locator('pre', { hasText: 'mini-captcha' }).getByRole('button', { name: 'Copy' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, new RegExp(`^<script src="${service.url}/widget.js" async></script>`));
});

onPage('a service that does not answer is told', { complaints: [/Failed to (fetch|load)/] }, async page => {
  await page.route('**/api/**', route => route.abort());
  await answer(page, TEXT, 'The service gives no verdict just now.');
  await page.getByRole('button', { name: 'Another picture' }).click();
  await page.getByText('The service does not hand out a picture just now.').waitFor();
});

test('who cannot see the picture listens instead', PATIENCE, async () => {
  const speaking = await startService({ options: ['--audio', 'on', '--test-text', '42'] });
  const { page, close } = await openPage(browser, { origins: [speaking.url] });
  try {
    await page.goto(`${speaking.url}/docs`);
    await picture(page);
    await assertAccessible(page);
    await page.getByRole('button', { name: 'Listen instead' }).press('Enter');
    await page.getByRole('status').getByText('Playing…').waitFor();
    assert.equal(await page.getByRole('img').count(), 0);
    assert.match(await page.locator('#generate').textContent(), /-H 'Accept: audio\/wav'.*captcha-id: [0-9a-f-]{36}, and a WAV of \d+ bytes/s);
    await assertAccessible(page);
    const digits = page.getByLabel('Type the digits that you hear.');
    assert.equal(await digits.getAttribute('inputmode'), 'numeric');
    await page.getByRole('button', { name: 'Play again' }).press('Space');
    await digits.fill('4 2');
    await page.keyboard.press('Enter');
    await page.getByRole('status').getByText('Right.').waitFor();
    await page.getByRole('button', { name: 'Another sound' }).press('Enter');
    await page.getByRole('status').getByText('Playing…').waitFor();
    await page.getByRole('button', { name: 'Another picture' }).click();
    await page.getByRole('img').waitFor();
    await page.getByRole('button', { name: 'Listen instead' }).waitFor();
    await close();
  } finally {
    await speaking.stop();
  }
});

onPage('without sounds it offers none', {}, async page => {
  assert.equal(await page.getByRole('button', { name: 'Listen instead' }).count(), 0);
});

for (const path of ['/', '/redoc', '/docs/']) {
  onPage(`${path} leads to the page`, { path }, async page => answer(page, TEXT, 'Right.'));
}

test('a proxy may put it below a path', PATIENCE, async () => {
  const proxy = await startSite(async (request, response) => {
    const { accept, 'content-type': type = '' } = request.headers;
    const answer = await fetch(service.url + request.url.replace(/^\/below/, ''), {
      method: request.method,
      headers: { accept, 'content-type': type },
      body: request.method === 'POST' ? await text(request) : undefined,
      redirect: 'manual',
    });
    response.writeHead(answer.status, Object.fromEntries(
      ['content-type', 'content-security-policy', 'location']
        .map(name => [name, answer.headers.get(name)]).filter(([, value]) => value)));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  const { page, close } = await openPage(browser, { origins: [proxy.url] });
  try {
    for (const path of ['/', '/docs', '/docs/', '/redoc']) {
      await page.goto(`${proxy.url}/below${path}`);
      await picture(page);
      await answer(page, TEXT, 'Right.');
      await page.getByText(`<script src="${proxy.url}/below/widget.js" async>`).waitFor();
    }
    await close();
  } finally {
    proxy.stop();
  }
});

for (const context of [{ colorScheme: 'light' }, { colorScheme: 'dark' }, { viewport: { width: 320, height: 700 } }]) {
  onPage(`axe finds nothing: ${JSON.stringify(context)}`, { ...context, complaints: [JUDGED] }, async page => {
    await assertAccessible(page);
    await answer(page, 'wrong', 'Wrong.');
    await assertAccessible(page);
  });
}

