// The page at the service's address, as a person uses it.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import {
  PATIENCE, TEXT, assertAccessible, freePort, missing, openPage, read, startBrowser, startService, startSite,
} from './support.js';

let service, browser;
before(async () => [service, browser] = await Promise.all([startService(), startBrowser()]), PATIENCE);
after(async () => { await browser?.close(); await service?.stop(); }, PATIENCE);

// Browsers log every response with a status of 400 or more, also those that a script expects.
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
const verdict = page => page.locator('#verdict');

/** Types a text, sends it with Enter, and waits until the verdict has these words. */
async function answer(page, text, words) {
  await field(page).fill(text);
  await page.keyboard.press('Enter');
  await verdict(page).getByText(words).waitFor();
}

onPage('a captcha is solved, once', { complaints: [JUDGED] }, async page => {
  await answer(page, TEXT.toLowerCase(), 'Right.');
  await page.getByText('"CAPTCHA validated successfully"').waitFor();
  await answer(page, TEXT, 'This captcha has ended');
});

onPage('three wrong answers end a captcha', { complaints: [JUDGED] }, async page => {
  for (const words of ['Wrong. Attempts left: 2.', 'Wrong. Attempts left: 1.', 'Wrong, and that was the last attempt.']) {
    const judged = page.waitForResponse('**/validate/');
    await answer(page, 'wrong', words);
    assert.equal((await judged).status(), 400);
    assert(await field(page).evaluate(element => element === element.getRootNode().activeElement), 'focus is kept');
  }
  await answer(page, TEXT, 'This captcha has ended');
});

/** The hue of a colour, in degrees. */
const hue = ([red, green, blue]) => {
  const x = (2 * red - green - blue) / 2;
  const y = Math.sqrt(3) * (green - blue) / 2;
  return (Math.atan2(y, x) * 180 / Math.PI + 360) % 360;
};
const colour = (locator, name) => locator.evaluate((element, name) => getComputedStyle(element)[name].match(/\d+/g).slice(0, 3).map(Number), name);

for (const colorScheme of ['light', 'dark']) {
  onPage(`in the ${colorScheme}, right is green, wrong is red, and the brand is neither`, { colorScheme, complaints: [JUDGED] }, async page => {
    const brand = hue(await colour(page.getByRole('button', { name: 'Check' }), 'backgroundColor'));
    assert(200 < brand && brand < 260, `brand ${brand}`);
    await answer(page, 'wrong', 'Wrong.');
    const red = hue(await colour(verdict(page), 'color'));
    assert(red < 15 || 345 < red, `wrong ${red}`);
    await answer(page, TEXT, 'Right.');
    const green = hue(await colour(verdict(page), 'color'));
    assert(120 < green && green < 165, `right ${green}`);
  });
}

onPage('nothing moves when the verdict comes', { viewport: { width: 1280, height: 900 }, complaints: [JUDGED] }, async page => {
  const height = () => page.evaluate(() => document.documentElement.scrollHeight);
  const before = await height();
  await answer(page, 'wrong', 'Wrong.');
  assert.equal(await height(), before);
  await answer(page, TEXT, 'Right.');
  assert.equal(await height(), before);
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
  assert(await page.locator('mini-captcha').evaluate(widget => widget.matches(':invalid:focus-within')));
});

const dark = page => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor.match(/\d+/)[0] < 128);

for (const [colorScheme, other] of [['light', 'dark'], ['dark', 'light']]) {
  onPage(`page and picture are ${colorScheme} where that is preferred, and ${other} together when that is chosen`, { colorScheme }, async page => {
    assert.equal(await dark(page), colorScheme === 'dark');
    await page.getByText(`generate/?theme=${colorScheme}`).waitFor();
    let last = await picture(page);
    // The picture is replaced even if something was typed.
    await field(page).fill('abc');
    await page.getByRole('radio', { name: other }).check();
    last = await picture(page, last);
    assert.equal(await dark(page), other === 'dark');
    await page.getByText(`generate/?theme=${other}`).waitFor();
    await page.getByRole('radio', { name: 'auto' }).check();
    await picture(page, last);
    assert.equal(await dark(page), colorScheme === 'dark');
    await page.getByText(`generate/?theme=${colorScheme}`).waitFor();
  });
}

onPage('the widget has each of its languages', {}, async page => {
  const known = read('src/api/docs/widget.js').matchAll(/^ {4}([a-z]{2}): '([^|]+)\|/gm);
  const labels = Object.fromEntries([...known].map(([, tag, label]) => [tag, label.replace('#', '6')]));
  const language = page.getByRole('combobox', { name: 'Language' });
  const offered = await language.locator('option').evaluateAll(options => options.map(option => option.value));
  assert.deepEqual(offered.toSorted(), Object.keys(labels).toSorted());
  for (const tag of offered) {
    await language.selectOption(tag);
    await page.locator('mini-captcha').getByText(labels[tag]).waitFor();
  }
});

onPage('in Arabic the form is from right to left', {}, async page => {
  await page.getByRole('combobox', { name: 'Language' }).selectOption('ar');
  const check = await page.getByRole('button', { name: 'Check' }).boundingBox();
  const said = await verdict(page).boundingBox();
  assert(said.x < check.x);
  await page.getByRole('combobox', { name: 'Language' }).selectOption('de');
  const other = await page.getByRole('button', { name: 'Check' }).boundingBox();
  assert(other.x < check.x);
});

for (const width of [1280, 768, 375]) {
  onPage(`from right to left nothing sticks out of ${width} pixels, and code stays as it is`, { viewport: { width, height: 900 } }, async page => {
    await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
    const directions = await page.locator('pre').evaluateAll(all => all.map(pre => getComputedStyle(pre).direction));
    assert.deepEqual([...new Set(directions)], ['ltr']);
  });
}

onPage('the widget has the width that is chosen', {}, async page => {
  const widget = page.locator('mini-captcha');
  const { width } = await widget.boundingBox();
  await page.getByLabel('Width').fill('50');
  const half = (await widget.boundingBox()).width;
  assert(Math.abs(half - width / 2) <= 1, `${half} of ${width}`);
  await page.getByText(`${Math.round(half)}px`).waitFor();
});

onPage('each language has a tab, by the keyboard too', {}, async page => {
  const tab = name => page.getByRole('tab', { name });
  const isOpen = async name => {
    assert.equal(await page.getByRole('tab', { selected: true }).textContent(), name);
    assert.equal(await page.getByRole('tabpanel').count(), 1);
    await page.getByRole('tabpanel', { name }).waitFor();
    assert.deepEqual(await page.getByRole('tab').evaluateAll(tabs => tabs.filter(tab => tab.tabIndex === 0).map(tab => tab.textContent)), [name]);
  };
  await isOpen('Python');
  await tab('PHP').click();
  await isOpen('PHP');
  for (const [key, name] of [['ArrowRight', 'Go'], ['ArrowRight', 'Ruby'], ['ArrowRight', 'Python'], ['ArrowLeft', 'Ruby'],
    ['Home', 'Python'], ['End', 'Ruby'], ['ArrowLeft', 'Go']]) {
    await page.keyboard.press(key);
    await isOpen(name);
    assert(await tab(name).evaluate(element => element === document.activeElement), name);
  }
});

/** The file of each tab, and a command that runs it and prints whether ID and TEXT are right. */
const backends = [
  ['Python', 'captcha.py', ['python3', '-c', 'import captcha; print(captcha.is_solved("ID", "TEXT"))']],
  ['Node', 'captcha.mjs', ['node', '-e', 'import("./captcha.mjs").then(async ({ isSolved }) => console.log(await isSolved("ID", "TEXT")))']],
  ['PHP', 'captcha.php', ['php', '-r', 'require "captcha.php"; var_dump(is_solved("ID", "TEXT"));']],
  ['Go', 'captcha.go', ['go', 'run', 'main.go', 'captcha.go', 'ID', 'TEXT']],
  ['Ruby', 'captcha.rb', ['ruby', '-r', './captcha.rb', '-e', 'p solved?("ID", "TEXT")']],
];
const MAIN = `package main
import ("fmt"; "os")
func main() { is, err := isSolved(os.Args[1], os.Args[2]); if err != nil { panic(err) }; fmt.Println(is) }`;
const GO = 'package main\nimport ("bytes"; "encoding/json"; "errors"; "net/http"; "time")\n';

onPage('the backends that it shows are right', {}, async page => {
  const folder = mkdtempSync(join(tmpdir(), 'minicap-'));
  writeFileSync(join(folder, 'main.go'), MAIN);
  const run = ([command, ...options], id, text) => spawnSync(command,
    options.map(option => option.replace('ID', id).replace('TEXT', text)),
    { cwd: folder, encoding: 'utf8', env: { ...process.env, GO111MODULE: 'off', GOFLAGS: '', GOCACHE: join(tmpdir(), 'minicap-go') } });
  try {
    for (const [name, file, command] of backends) {
      const probe = spawnSync(command[0], [command[0] === 'go' ? 'version' : '--version']);
      if (missing(!probe.error, command[0])) continue;
      await page.getByRole('tab', { name }).click();
      const panel = page.getByRole('tabpanel');
      await panel.locator('figcaption', { hasText: file }).waitFor();
      const code = await panel.locator('code').textContent();
      const write = code => writeFileSync(join(folder, file), (name === 'Go' ? GO : '') + code);
      write(code);
      const made = await fetch(`${service.url}/api/captcha/generate/`, { method: 'POST' });
      const id = made.headers.get('captcha-id');
      for (const [text, expected] of [['wrong', 'false'], [TEXT, 'true'], [TEXT, 'false']]) {
        const { stdout, stderr } = run(command, id, text);
        assert.equal(stdout.match(/true|false/i)?.[0].toLowerCase(), expected, `${name}: ${stdout}${stderr}`);
      }
      write(code.replace(/(?<=127\.0\.0\.1:)\d+/, await freePort()));
      assert.notEqual(run(command, id, TEXT).status, 0, `${name} without a service`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

onPage('the keyboard is enough', {}, async page => {
  const focused = () => page.evaluate(() => {
    const { activeElement } = document;
    const inner = activeElement.shadowRoot?.activeElement ?? activeElement;
    return inner.id || inner.textContent || inner.value;
  });
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
  for (const link of ['Build it in', 'API', 'Security', 'OpenAPI']) {
    await press('Tab');
    assert.equal(await focused(), link);
  }
  await press('Tab');
  assert.equal(await focused(), 'field');
  await page.keyboard.type(TEXT);
  await press('Tab', 'Tab');
  assert.equal(await focused(), 'Check');
  await press('Space');
  await verdict(page).getByText('Right.').waitFor();
  assert.equal(await focused(), 'field');
  await press('Tab');
  assert.equal(await focused(), 'Another picture');
  let last = await picture(page);
  await press('Enter');
  last = await picture(page, last);
  await page.waitForFunction(() => document.querySelector('mini-captcha').shadowRoot.activeElement?.localName === 'input');
  await press('Tab', 'Tab', 'Tab');
  assert.equal(await focused(), 'language');
  await press('Tab', 'ArrowLeft');
  await picture(page, last);
  assert.equal(await focused(), 'dark');
  await press('Tab');
  assert.equal(await focused(), 'width');
  // The next one is the first Copy button.
  await press('Tab');
  assert.equal(await focused(), 'Copy');
});

onPage('without scripts it is still a document', { javaScriptEnabled: false }, async page => {
  await page.getByText('The widget needs JavaScript').waitFor();
  await page.getByText('the third wrong one').waitFor();
  await page.getByText('<mini-captcha>').waitFor();
  for (const language of ['Python', 'Node', 'PHP', 'Go', 'Ruby']) {
    await page.getByRole('heading', { name: language }).waitFor();
  }
  await page.getByText('def is_solved').waitFor();
  for (const role of ['button', 'textbox', 'tab', 'combobox']) assert.equal(await page.getByRole(role).count(), 0, role);
});

onPage('it is set in its own font, which has all its characters', {}, async page => {
  await page.evaluate(() => document.fonts.ready);
  assert(await page.evaluate(() => [...document.fonts].every(font => font.status === 'loaded')));
  // Names of languages in other scripts are left out.
  const text = await page.evaluate(() => document.body.innerText.replace(/[^\x20-\x7e’…\n\t]/g, found => `[${found}]`));
  assert.deepEqual([...text.matchAll(/\[.\]/g)].map(([found]) => found).filter(found => !/[\p{L}\p{M}]/u.test(found)), []);
});

onPage('it takes at most 24 KB', {}, async page => {
  const sizes = await page.evaluate(() => performance.getEntriesByType('navigation').map(entry => entry.decodedBodySize));
  assert(sizes[0] > 10_000 && sizes[0] <= 24 * 1024, `${sizes}`);
});

test('if the widget is off, it says so', PATIENCE, async () => {
  const without = await startService({ options: ['--widget', 'off'] });
  const { page, close } = await openPage(browser, { origins: [without.url], complaints: [JUDGED, /Refused to execute script/] });
  try {
    await page.goto(without.url);
    await page.getByText('The widget of this service is off.').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Check' }).count(), 0);
    await page.getByRole('tab', { name: 'Python' }).waitFor();
    await assertAccessible(page);
    await close();
  } finally {
    await without.stop();
  }
});

for (const width of [320, 375, 640, 768, 1280]) {
  onPage(`nothing sticks out of ${width} pixels`, { viewport: { width, height: 700 } }, async page => {
    await answer(page, TEXT, 'Right.');
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
  });
}

onPage('the requests it shows can be pasted into a shell', { complaints: [JUDGED] }, async page => {
  await answer(page, "it's 'wrong'", 'Wrong.');
  const shown = id => page.locator(`#${id} code`).allTextContents();
  const run = command => JSON.parse(execFileSync('sh', ['-c', command], {
    stdio: ['ignore', 'pipe', 'ignore'], ...PATIENCE,
  }));
  const [generate, made] = await shown('generate');
  assert.equal(run(generate).expires_in, 600);
  assert.deepEqual(Object.keys(JSON.parse(made)), Object.keys(run(generate)));
  const [validate, judged] = await shown('validate');
  assert.deepEqual(run(validate), { status: 400, message: 'CAPTCHA validation failed' });
  assert.deepEqual(JSON.parse(judged), { status: 400, message: 'CAPTCHA validation failed' });
  assert.equal(await page.locator('#generate .answer .k').first().textContent(), '"id"');
});

onPage('code is scrolled sideways, and not broken', { viewport: { width: 375, height: 800 } }, async page => {
  for (const pre of await page.locator('pre:visible').all()) {
    const [white, overflow] = await pre.evaluate(element => [getComputedStyle(element).whiteSpace, getComputedStyle(element).overflowX]);
    assert.deepEqual([white, overflow], ['pre', 'auto']);
  }
});

onPage('what it shows can be copied', { permissions: ['clipboard-read', 'clipboard-write'] }, async page => {
  await page.locator('figure', { hasText: '<mini-captcha>' }).getByRole('button', { name: 'Copy' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, new RegExp(`^<script src="${service.url}/widget.js" async></script>`));
});

onPage('a service that does not respond is reported', { complaints: [/Failed to (fetch|load)/] }, async page => {
  await page.route('**/api/**', route => route.abort());
  await answer(page, TEXT, 'The service cannot check answers at the moment.');
  await page.getByRole('button', { name: 'Another picture' }).click();
  await page.getByText('Loading failed.').waitFor();
  await page.locator('#generate').getByText('no response').waitFor();
});

test('visitors who cannot see the picture can listen instead', PATIENCE, async () => {
  const speaking = await startService({ options: ['--audio', 'on', '--test-text', '42'] });
  const { page, close } = await openPage(browser, { origins: [speaking.url] });
  try {
    await page.goto(`${speaking.url}/docs`);
    await picture(page);
    await assertAccessible(page);
    const sound = page.getByRole('switch', { name: 'Sound' });
    await sound.press('Space');
    const digits = page.getByLabel('Type the digits that you hear.');
    await page.locator('#generate').getByText(/-H 'Accept: audio\/wav'/).waitFor();
    await page.locator('#generate').getByText(/captcha-id: [0-9a-f-]{36}\ncontent-language: en\n/).waitFor();
    assert.equal(await page.getByRole('img').count(), 0);
    await assertAccessible(page);
    assert.equal(await digits.getAttribute('inputmode'), 'numeric');
    await digits.fill('4 2');
    await page.keyboard.press('Enter');
    await verdict(page).getByText('Right.').waitFor();
    // The widget's own button changes the switch too.
    await page.getByRole('button', { name: 'Back to the picture' }).click();
    await picture(page);
    assert.equal(await sound.isChecked(), false);
    await page.getByRole('button', { name: 'Listen instead' }).click();
    await page.getByRole('button', { name: 'Another sound' }).waitFor();
    await page.waitForFunction(() => document.querySelector('[role=switch]').checked);
    await close();
  } finally {
    await speaking.stop();
  }
});

onPage('without sounds it offers none', {}, async page => {
  assert.equal(await page.getByRole('button', { name: 'Listen instead' }).count(), 0);
  assert.equal(await page.getByRole('switch').count(), 0);
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

