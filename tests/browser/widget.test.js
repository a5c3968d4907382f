// The widget in forms of another origin, as visitors use it, in Chromium or in the browser that BROWSER names.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  FORM, REFUSED, data, field, formPage, formTest, onWidget, picture, policy, send, settle, status, validity,
} from './form.js';
import {
  PATIENCE, SOURCES, TEXT, assertAccessible, made, openPage, read, smaller, startBrowser, startService, startSite,
} from './support.js';

const { BROWSER } = process.env;

let service, browser;
before(async () => [service, browser] = await Promise.all([startService(), startBrowser(BROWSER)]), PATIENCE);
after(async () => { await browser?.close(); await service?.stop(); }, PATIENCE);

const onForm = formTest(() => ({ service, browser }));

const POLICY = /Content Security Policy|settings blocked/;
const NO_SERVICE = 'Where is the service? Set the attribute "service" of mini-captcha.';

const LABEL = 'Type the 6 large outlined characters. Upper or lower case does not matter.';
const another = page => page.getByRole('button', { name: 'Another picture' });
/** The requests of the page for captchas. */
const asked = page => page.asked;
/** Delays all pictures until the function that it returns is called. */
async function hold(page) {
  let release;
  const released = new Promise(resolve => { release = resolve; });
  await page.route('**/generate/**', async route => { await released; await route.continue(); });
  return release;
}

test('the files that browsers get are made from those that people edit', async () => {
  for (const path of SOURCES) {
    assert.equal(read(made(path)), await smaller(path), 'run: npm --prefix tests/browser run smaller');
  }
});

onForm('a visitor who solves it passes', {}, async page => {
  await field(page).fill(TEXT);
  await send(page);
  await page.getByText('passed: name captcha-id captcha-text').waitFor();
});

onForm('a visitor who does not is stopped', {}, async page => {
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
  const last = await picture(page);
  await page.keyboard.press('Tab');
  assert(await another(page).evaluate(button => button.matches(':focus')));
  await page.keyboard.press('Space');
  await picture(page, last);
  await page.waitForFunction(() => document.querySelector('mini-captcha').shadowRoot.activeElement?.localName === 'input');
  await page.keyboard.type(TEXT);
  await page.keyboard.press('Enter');
  await page.getByText('passed').waitFor();
});

// Enter is implicit submission.

onForm('Enter activates the default button', {
  form: `<button type="button">Not this</button><mini-captcha></mini-captcha><input name="name">
    <button name="way" value="first" formaction="/elsewhere">Send</button><button name="way" value="second">Or so</button>`,
}, async page => {
  await page.evaluate(() => {
    document.querySelector('[value=first]').onclick = () => { document.querySelector('[name=name]').value = 'clicked'; };
    document.querySelector('form').onsubmit = event => { window.name = event.submitter.value + document.querySelector('[name=name]').value; };
  });
  await field(page).fill(TEXT);
  await field(page).press('Enter');
  await page.getByText('passed at /elsewhere: captcha-id captcha-text name way').waitFor();
  assert.equal(await page.evaluate(() => window.name), 'firstclicked');
});

for (const [what, form] of [
  ['disabled', '<mini-captcha></mini-captcha><button disabled>Send</button><button>Or so</button>'],
  ['disabled with its fieldset', '<mini-captcha></mini-captcha><fieldset disabled><button>Send</button></fieldset>'],
]) {
  onForm(`Enter does nothing where the default button is ${what}`, { form }, async page => {
    await page.evaluate(() => { document.querySelector('form').onsubmit = () => assert.fail(); });
    await field(page).fill(TEXT);
    await field(page).press('Enter');
    await settle(page);
    assert.equal(await field(page).inputValue(), TEXT);
  });
}

for (const [what, form] of [
  ['an image', '<mini-captcha></mini-captcha><input type="image" name="go" alt="Send" src="data:,"><button>Or so</button>'],
  ['outside of the form', '<mini-captcha></mini-captcha></form><button form="form">Send</button>'],
]) {
  onForm(`Enter finds a default button that is ${what}`, { form }, async page => {
    await page.evaluate(() => { const form = document.querySelector('form'); form.id = 'form'; });
    await field(page).fill(TEXT);
    await field(page).press('Enter');
    await page.getByText(`passed: captcha-id captcha-text${form.includes('image') ? ' go.x go.y' : ''}`).waitFor();
  });
}

onForm('Enter sends a form without a button if it has no other field', { form: '<mini-captcha></mini-captcha>' }, async page => {
  await field(page).press('Enter');
  assert(await field(page).evaluate(element => element.matches(':focus')));
  await field(page).fill(TEXT);
  await field(page).press('Enter');
  await page.getByText('passed').waitFor();
});

onForm('Enter does not send a form without a button that has another field', {
  form: '<input type="email"><mini-captcha></mini-captcha>',
}, async page => {
  await field(page).fill(TEXT);
  await field(page).press('Enter');
  await settle(page);
  assert.equal(await field(page).inputValue(), TEXT);
});

onForm('Enter that the page prevents does nothing', {}, async page => {
  await onWidget(page, widget => { widget.onkeydown = event => event.preventDefault(); });
  await field(page).focus();
  await field(page).press('Enter');
  await settle(page);
  assert.equal(await page.getByText('stopped').count(), 0);
});

// State.

onForm('it is required like a native field', {}, async page => {
  assert.deepEqual(await validity(page), [false, true, LABEL]);
  await send(page);
  assert(await field(page).evaluate(element => element.matches(':focus')), 'the form shows where');
  assert.equal(await page.getByText('stopped').count(), 0);
  await field(page).fill('x');
  assert.deepEqual(await validity(page), [true, false, '']);
  await field(page).press('Backspace');
  assert.equal(await field(page).inputValue(), '');
  assert.deepEqual(await validity(page), [false, true, LABEL]);
});

for (const [what, change] of [
  ['reset()', page => page.evaluate(() => document.querySelector('form').reset())],
  ['renew()', page => onWidget(page, widget => { widget.renew(); })],
  ['a change of the theme', page => onWidget(page, widget => widget.setAttribute('theme', 'dark'))],
  ['expiry', page => page.clock.fastForward('09:01')],
]) {
  onForm(`${what} ends the old captcha at once, and what is typed from then on is kept`, {
    colorScheme: 'light', clock: what === 'expiry',
  }, async page => {
    const last = await picture(page);
    await field(page).fill('old');
    const release = await hold(page);
    await change(page);
    assert.deepEqual(await data(page), { name: '', 'captcha-id': '', 'captcha-text': '' });
    assert.equal(await page.getByRole('img').count(), 0, 'the old picture is not seen');
    await field(page).pressSequentially(TEXT);
    assert.deepEqual((await validity(page)).slice(0, 2), [false, true], 'without a captcha there is nothing to send');
    release();
    await picture(page, last);
    assert.equal(await field(page).inputValue(), TEXT);
    await send(page);
    await page.getByText('passed').waitFor();
  });
}

onForm('a theme that changes while a picture loads leads to the right picture', {
  colorScheme: 'light', loaded: false, form: '<mini-captcha></mini-captcha>',
}, async page => {
  const first = await picture(page);
  const release = await hold(page);
  await another(page).click();
  await onWidget(page, widget => widget.setAttribute('theme', 'dark'));
  release();
  const dark = await picture(page, first);
  await settle(page);
  assert.equal(await picture(page), dark);
  assert.deepEqual(asked(page).map(url => url.split('=')[1]), ['light', 'light', 'dark']);
});

onForm('a widget that is moved keeps its text and its captcha', {}, async page => {
  const last = [await picture(page), await data(page)];
  await field(page).fill('typed');
  await page.evaluate(() => {
    const form = document.querySelector('form');
    form.append(document.createElement('section'));
    form.lastChild.append(document.querySelector('mini-captcha'));
  });
  await settle(page);
  assert.equal(await picture(page), last[0]);
  assert.deepEqual(await data(page), { ...last[1], 'captcha-text': 'typed' });
  assert.equal(asked(page).length, 1);
  // The same if it is moved while its picture loads.
  const release = await hold(page);
  await another(page).click();
  await page.evaluate(() => document.querySelector('form').append(document.querySelector('mini-captcha')));
  await field(page).fill('typed again');
  release();
  await picture(page, last[0]);
  assert.equal(await field(page).inputValue(), 'typed again');
  assert.equal(asked(page).length, 2);
});

onForm('it is renewed before it expires, and a message says so', { options: ['--ttl', '2'] }, async page => {
  const last = await picture(page);
  await field(page).fill('too slow');
  await picture(page, last);
  await status(page).getByText('The time is up. Here is a new picture.').waitFor();
  assert.equal(await field(page).inputValue(), '');
});

const hide = (page, hidden) => page.evaluate(hidden => {
  Object.defineProperty(document, 'hidden', { configurable: true, value: hidden });
  document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
}, hidden);

onForm('a hidden page renews it only when it is shown again, and sends no old captcha', { clock: true }, async page => {
  const last = await picture(page);
  await hide(page, true);
  await page.clock.fastForward('09:01');
  assert.equal((await data(page))['captcha-id'], '');
  assert.equal(asked(page).length, 1);
  await hide(page, false);
  await picture(page, last);
});

onForm('a page that slept while its captcha expired renews it when it is shown again', {}, async page => {
  const last = await picture(page);
  await hide(page, true);
  // While a machine sleeps, its clock runs and timers do not.
  await page.evaluate(() => { const now = Date.now(); Date.now = () => now + 3_600_000; });
  await hide(page, false);
  await picture(page, last);
});

onForm('a page that was offline renews it when it is online', { complaints: [REFUSED] }, async page => {
  const last = await picture(page);
  await page.context().setOffline(true);
  await another(page).click();
  await status(page).getByText('Loading failed.').waitFor();
  await page.context().setOffline(false);
  await picture(page, last);
});

onForm('a page that is returned to has another captcha', {}, async page => {
  const last = await picture(page);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  await picture(page, last);
});

onForm('the picture follows a change of preference until it is being read', { colorScheme: 'light', emulated: true }, async page => {
  const last = await picture(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await picture(page, last);
  await field(page).fill('x');
  await page.emulateMedia({ colorScheme: 'light' });
  await settle(page);
  assert.equal(await picture(page), dark);
  assert.equal(await field(page).inputValue(), 'x');
});

onForm('a service that stops is reported, and can be tried again', { options: [], complaints: [REFUSED] }, async (page, own) => {
  const last = await picture(page);
  await own.stop();
  await another(page).click();
  await status(page).getByText('Loading failed.').waitFor();
  assert.deepEqual(await validity(page), [false, true, 'Loading failed.']);
  await assertAccessible(page);
  const again = await startService({ port: own.port });
  try {
    await page.getByRole('button', { name: 'Try again' }).click();
    await picture(page, last);
    await another(page).waitFor();
    await field(page).fill('x');
    assert.deepEqual(await validity(page), [true, false, '']);
  } finally {
    await again.stop();
  }
});

// Where the script comes from.

const origin = url => csp => `${policy(csp)}; script-src-elem ${csp.url} ${url} 'nonce-test' blob:`;
const inline = ({ url }, type, code) => `<script nonce="test"${type}>${code(url)}</script>`;
for (const [what, load] of [
  ['as a module', ({ url }) => `<script type="module" src="${url}/widget.js"></script>`],
  ['by import()', service => inline(service, '', url => `import('${url}/widget.js')`)],
  ['with a query', ({ url }) => `<script src="${url}/widget.js?v=3"></script>`],
]) onForm(`it knows its service when loaded ${what}`, { load }, page => picture(page));

onForm('it knows its service below a path', {
  options: ['--path', '/captcha'], load: ({ url }) => `<script src="${url}/captcha/widget.js"></script>`,
}, async page => {
  assert.match(asked(page)[0], /\/captcha\/api\/captcha\/generate\/\?theme=light$/);
});

const WIDGET = read('src/api/docs/widget.min.js');
const own = service => FORM.replace('<mini-captcha>', `<mini-captcha service="${service.url}">`);
const elsewhere = {
  inlined: service => inline(service, '', () => WIDGET),
  'inlined as a module': service => inline(service, ' type="module"', () => WIDGET),
  'from a blob': service => inline(service, '', () => `
    const script = document.createElement('script');
    script.src = URL.createObjectURL(new Blob([${JSON.stringify(WIDGET)}], { type: 'text/javascript' }));
    document.head.append(script);`),
};
for (const [what, load] of Object.entries(elsewhere)) {
  onForm(`${what}, it needs the attribute`, { load, loaded: false, csp: origin('') }, async (page, { url }) => {
    await status(page).getByText(NO_SERVICE).waitFor();
    assert.deepEqual((await validity(page))[2], NO_SERVICE);
    await onWidget(page, (widget, url) => widget.setAttribute('service', url), url);
    await picture(page);
    await field(page).fill(TEXT);
    await send(page);
    await page.getByText('passed').waitFor();
  });
}

test('bundled or from a CDN, the attribute says where the service is', PATIENCE, async () => {
  const cdn = await startSite((_, response) => {
    response.setHeader('Content-Type', 'text/javascript; charset=utf-8');
    response.end(WIDGET);
  });
  const site = await startSite(formPage(service, {
    form: own(service), csp: origin(cdn.url), load: () => `<script src="${cdn.url}/bundle-3f0c.js"></script>`,
  }));
  const { page, close } = await openPage(browser, { origins: [service.url, site.url, cdn.url] });
  try {
    await page.goto(site.url);
    await picture(page);
    await close();
  } finally {
    site.stop();
    cdn.stop();
  }
});

onForm('it works under COEP, and with integrity', {
  fields: { 'Cross-Origin-Embedder-Policy': 'require-corp', 'Cross-Origin-Opener-Policy': 'same-origin' },
  load: ({ url }) => `<script src="${url}/widget.js" crossorigin
    integrity="sha384-${createHash('sha384').update(WIDGET).digest('base64')}"></script>`,
}, async page => {
  assert(await page.evaluate(() => crossOriginIsolated));
  await field(page).fill(TEXT);
  await send(page);
  await page.getByText('passed').waitFor();
});

onForm('it works under COEP without CORS', {
  fields: { 'Cross-Origin-Embedder-Policy': 'require-corp' },
}, page => picture(page));

// When it loads a captcha.

for (const [what, wrap, open] of [
  ['a closed dialog', form => `<dialog>${form}</dialog>`, page => page.evaluate(() => document.querySelector('dialog').showModal())],
  ['a hidden element', form => `<div hidden>${form}</div>`, page => page.evaluate(() => { document.querySelector('div').hidden = false; })],
  ['details', form => `<details><summary>More</summary>${form}</details>`, page => page.getByText('More').click()],
]) {
  onForm(`in ${what} it asks for nothing until it is seen`, { form: wrap(FORM), loaded: false }, async page => {
    await page.waitForFunction(() => customElements.get('mini-captcha'));
    await settle(page);
    assert.deepEqual(asked(page), []);
    await open(page);
    await picture(page);
    assert.equal(asked(page).length, 1);
  });
}

onForm('far below, it asks for nothing until its form is used', {
  form: `<input name="first"><div style="height: 5000px"></div><mini-captcha></mini-captcha>`, loaded: false,
  csp: service => `${policy(service)}; style-src 'unsafe-inline'`,
}, async page => {
  await page.waitForFunction(() => customElements.get('mini-captcha'));
  await settle(page);
  assert.deepEqual(asked(page), []);
  await page.locator('[name=first]').focus();
  await picture(page);
});

// Its texts.

test('its texts are in the nearest language', PATIENCE, async () => {
  for (const [html, attribute, label, button] of [
    ['lang="en-GB"', '', LABEL, 'Another picture'],
    ['', '', LABEL, 'Another picture'],
    ['lang="xx"', '', LABEL, 'Another picture'],
    ['lang="en"', 'lang="de"', 'Die 6 großen umrandeten Zeichen eintippen. Groß oder klein ist egal.', 'Anderes Bild'],
    ['lang="fr"', '', 'Saisissez les 6 grands caractères en contour, en majuscules ou en minuscules.', 'Autre image'],
    ['lang="es-MX"', '', 'Escriba los 6 caracteres grandes con contorno, en mayúsculas o minúsculas.', 'Otra imagen'],
    ['lang="it"', '', 'Digita i 6 caratteri grandi con contorno, in maiuscolo o minuscolo.', 'Altra immagine'],
    ['lang="pt-BR"', '', 'Digite os 6 caracteres grandes com contorno, em maiúsculas ou minúsculas.', 'Outra imagem'],
    ['lang="NL"', '', 'Typ de 6 grote omlijnde tekens. Hoofdletters of kleine letters maakt niet uit.', 'Andere afbeelding'],
    ['lang="pl"', '', 'Wpisz duże znaki z konturem (6). Wielkość liter nie ma znaczenia.', 'Inny obrazek'],
    ['lang="ru"', '', 'Введите крупные контурные символы (6). Регистр не важен.', 'Другая картинка'],
    ['lang="tr"', '', 'Konturlu 6 büyük karakteri yazın. Büyük veya küçük harf fark etmez.', 'Başka resim'],
    ['lang="ja"', '', '縁取りされた大きな文字(6)を入力してください。大文字と小文字は区別しません。', '別の画像'],
    ['lang="zh-Hans"', '', '请输入带轮廓的大字符(6)，不区分大小写。', '换一张图片'],
    ['lang="ar" dir="rtl"', '', 'اكتب الرموز الكبيرة المفرغة (6). لا فرق بين الأحرف الكبيرة والصغيرة.', 'صورة أخرى'],
  ]) {
    const site = await startSite(formPage(service, { form: `<mini-captcha ${attribute}></mini-captcha>`, html }));
    const { page, close } = await openPage(browser, { origins: [service.url, site.url] });
    try {
      await page.goto(site.url);
      await picture(page);
      await page.getByLabel(label, { exact: true }).waitFor();
      await page.getByRole('button', { name: button, exact: true }).waitFor();
      const direction = await page.getByText(label).evaluate(element => getComputedStyle(element).direction);
      assert.equal(direction, html.includes('rtl') ? 'rtl' : 'ltr', html);
      await close();
    } finally {
      site.stop();
    }
  }
});

onForm('attributes replace texts, at any time', {
  form: '<mini-captcha lang="de" label="# Zeichen im Bild" renew="Neu" alt="Bild"></mini-captcha>',
}, async page => {
  await page.getByLabel('6 Zeichen im Bild').waitFor();
  await page.getByRole('button', { name: 'Neu' }).waitFor();
  await page.getByRole('img', { name: 'Bild', exact: true }).waitFor();
  await onWidget(page, widget => widget.setAttribute('missing', 'Bitte abtippen'));
  assert.equal((await validity(page))[2], 'Bitte abtippen');
  await onWidget(page, widget => widget.setAttribute('lang', 'fr'));
  await onWidget(page, widget => widget.removeAttribute('renew'));
  await page.getByRole('button', { name: 'Autre image' }).waitFor();
});

onForm('the label says how many characters there are', { options: ['--test-text', 'abcd'] }, async page => {
  await page.getByLabel('Type the 4 large outlined characters.').waitFor();
});

onForm('a new picture is announced, and focus goes to the field', {}, async page => {
  const last = [await picture(page), await data(page)];
  assert.equal(await status(page).textContent(), '');
  await field(page).fill('x');
  await another(page).click();
  await picture(page, last[0]);
  await status(page).getByText('Here is a new picture.').waitFor();
  await page.waitForFunction(() => document.querySelector('mini-captcha').shadowRoot.activeElement?.localName === 'input');
  assert.equal(await field(page).inputValue(), '');
  assert.notEqual((await data(page))['captcha-id'], last[1]['captcha-id']);
});

onForm('a picture that a policy blocks is an error with a message', {
  csp: service => policy(service).replace('img-src data:; ', ''), loaded: false, complaints: [POLICY],
}, async page => {
  await status(page).getByText('Loading failed.').waitFor();
  assert.equal(await page.getByRole('img').count(), 0);
  assert.equal((await data(page))['captcha-id'], '');
});

for (const [what, form] of [
  ['for it', '<label for="captcha">Code</label><mini-captcha id="captcha"></mini-captcha>'],
  ['around it', '<label>Code <mini-captcha></mini-captcha></label>'],
]) {
  onForm(`a label ${what} labels the field`, { form }, async page => {
    await page.getByRole('textbox', { name: `Code ${LABEL}` }).waitFor();
    await page.getByText('Code').click();
    await page.waitForFunction(() => document.querySelector('mini-captcha').shadowRoot.activeElement?.localName === 'input');
  });
}

onForm('the accessibility tree has label, error and renewal', {
  form: '<mini-captcha error="That was wrong."></mini-captcha><button>Send</button>',
}, async page => {
  const tree = () => page.locator('form').ariaSnapshot();
  assert.equal(await tree(), `- img "Picture of characters to type"
- text: ${LABEL}
- textbox "${LABEL}"
- button "Another picture"
- status: That was wrong.
- button "Send"`);
  const described = await field(page).evaluate(element => [
    element.getAttribute('aria-describedby'), element.ariaInvalid, element.getAttribute('aria-required'),
  ]);
  assert.deepEqual(described, ['status', 'true', 'true']);
  const last = await picture(page);
  await field(page).fill('x');
  await another(page).click();
  await picture(page, last);
  await status(page).getByText('Here').waitFor();
  assert.equal(await tree(), `- img "Picture of characters to type"
- text: ${LABEL}
- textbox "${LABEL}"
- button "Another picture"
- status: Here is a new picture.
- button "Send"`);
});

// Its interface for scripts and forms.

onForm('attributes set the names of the fields', {
  form: '<mini-captcha id-name="a" text-name="b"></mini-captcha>',
}, async page => {
  await field(page).fill('x');
  const { a, b, ...others } = await data(page);
  assert.match(a, /^[0-9a-f-]{36}$/);
  assert.deepEqual([b, others], ['x', {}]);
});

onForm('value, disabled and name are those of a field', {}, async page => {
  const found = await onWidget(page, widget => {
    const events = [];
    for (const type of ['input', 'change']) widget.form.addEventListener(type, event => events.push(`${type} ${event.target.localName}`));
    widget.value = 'by script';
    const found = [widget.name, widget.value, widget.disabled, widget.validity.valid, events.length];
    widget.name = 'code';
    widget.disabled = true;
    widget.events = events;
    return [...found, widget.disabled, [...new FormData(widget.form).keys()].join()];
  });
  assert.deepEqual(found, ['captcha-text', 'by script', false, true, 0, true, 'name']);
  assert(await field(page).isDisabled());
  await onWidget(page, widget => { widget.disabled = false; });
  await field(page).fill('typed');
  await field(page).blur();
  assert.deepEqual([...new Set(await onWidget(page, widget => widget.events))], ['input mini-captcha', 'change mini-captcha']);
  assert.deepEqual(Object.keys(await data(page)), ['name', 'captcha-id', 'code']);
});

onForm('it fires an event when a picture is loaded and when it cannot be loaded', { complaints: [REFUSED] }, async page => {
  const event = () => onWidget(page, widget => new Promise(resolve => {
    widget.onload = widget.onerror = event => resolve(event.type);
    widget.renew();
  }));
  assert.equal(await event(), 'load');
  await page.route('**/generate/**', route => route.abort());
  assert.equal(await event(), 'error');
});

onForm('the attribute error shows a message until something is typed', {
  form: '<mini-captcha error="That was wrong."></mini-captcha><button>Send</button>',
}, async page => {
  await status(page).getByText('That was wrong.').waitFor();
  assert.deepEqual(await validity(page), [false, true, 'That was wrong.']);
  await assertAccessible(page);
  await field(page).pressSequentially('x');
  assert.equal(await status(page).textContent(), '');
  assert.deepEqual(await validity(page), [true, false, '']);
  await onWidget(page, widget => widget.setAttribute('error', 'Wrong again.'));
  await status(page).getByText('Wrong again.').waitFor();
});

onForm('it is disabled with its fieldset', {
  form: '<fieldset disabled><mini-captcha></mini-captcha></fieldset>',
}, async page => {
  assert(await field(page).isDisabled());
  assert.deepEqual(await data(page), {});
});

for (const [colorScheme, attribute, expected] of [
  ['light', '', 'light'], ['dark', '', 'dark'], ['light', 'theme="dark"', 'dark'], ['dark', 'theme="light"', 'light'],
  ['light', 'style="color-scheme: dark"', 'dark'], ['dark', 'style="color-scheme: light"', 'light'],
  ['dark', 'style="color-scheme: light dark"', 'dark'], ['light', 'style="color-scheme: light dark"', 'light'],
]) {
  onForm(`with the preference ${colorScheme}, ${attribute || 'no attribute'} makes it ${expected}`, {
    form: `<mini-captcha ${attribute}></mini-captcha>`, colorScheme, emulated: colorScheme === expected && colorScheme === 'dark', csp: service => `${policy(service)}; style-src 'unsafe-inline'`,
  }, async page => {
    const found = asked(page);
    assert.deepEqual(found.map(name => name.split('?theme=')[1]), [expected]);
  });
}

onForm('a page that changes its colour scheme changes the picture', { colorScheme: 'light' }, async page => {
  const last = await picture(page);
  await page.evaluate(() => { document.documentElement.style.colorScheme = 'dark'; });
  await picture(page, last);
  assert.deepEqual(asked(page).map(name => name.split('?theme=')[1]), ['light', 'dark']);
});

onForm('the field is marked as not for password managers, correction and translation', {}, async page => {
  const attributes = await field(page).evaluate(element => Object.fromEntries(element.getAttributeNames()
    .map(name => [name, element.getAttribute(name)])));
  assert.deepEqual(attributes, {
    part: 'field', id: 'field', 'aria-describedby': 'status', 'aria-required': 'true', dir: 'ltr', translate: 'no',
    autocomplete: 'off', autocapitalize: 'none', autocorrect: 'off', spellcheck: 'false', 'data-1p-ignore': '',
    'data-lpignore': 'true', 'data-bwignore': '', 'data-form-type': 'other',
  });
});

test('cookies are not sent', PATIENCE, async () => {
  const cookies = [];
  const site = await startSite(async (request, response) => {
    if (request.url.startsWith('/form')) {
      response.setHeader('Set-Cookie', 'session=secret');
      return formPage({ url: '' }, {
        form: FORM, csp: () => "default-src 'self'; img-src data:", load: () => '<script src="/widget.js"></script>',
      })(request, response);
    }
    cookies.push([request.url.split('?')[0], request.headers.cookie]);
    const answer = await fetch(service.url + request.url, { method: request.method, headers: { accept: request.headers.accept } });
    response.setHeader('Content-Type', answer.headers.get('content-type'));
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  const { page, close } = await openPage(browser, { origins: [site.url] });
  try {
    await page.goto(`${site.url}/form`);
    await picture(page);
    assert.deepEqual(cookies.filter(([path]) => path.includes('generate')), [['/api/captcha/generate/', undefined]]);
    await close();
  } finally {
    site.stop();
  }
});

for (const [lang, name] of [['en', 'Another picture'], ['de', 'Anderes Bild'], ['ru', 'Другая картинка'], ['ar', 'صورة أخرى']]) {
  onForm(`it fits a narrow screen: ${lang}`, {
    html: `lang="${lang}"`, viewport: { width: 320, height: 700 },
  }, async page => {
    const box = locator => locator.boundingBox();
    const [image, input, button] = [
      await box(page.getByRole('img')), await box(field(page)), await box(page.getByRole('button', { name })),
    ];
    assert.equal(input.width, image.width);
    assert(24 <= button.width && button.width < 40 && 24 <= button.height && button.height < 40, 'it can be touched');
    assert(image.x <= button.x && button.x + button.width <= image.x + image.width);
    // It is at the edge, where it hides hardly anything of the picture.
    assert(image.y < button.y + button.height && button.y + button.height < image.y + image.height / 6);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    await assertAccessible(page);
  });
}

onForm('it takes the page’s colours', {
  form: '<mini-captcha></mini-captcha>', bypassCSP: true, emulated: true,
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

for (const colorScheme of ['light', 'dark']) {
  onForm(`axe finds nothing: ${colorScheme}`, { colorScheme }, async page => {
    await assertAccessible(page);
    await send(page);
    await assertAccessible(page);
  });
}
