// The widget with sounds, as visitors use it who cannot see the picture. The text of every captcha is known, so no test
// has to listen.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FORM, REFUSED, data, field, formPage, formTest, onWidget, picture, policy, settle, status, validity } from './form.js';
import { PATIENCE, assertAccessible, openPage, startBrowser, startService, startSite } from './support.js';

const { BROWSER } = process.env;

/** Few digits, so that the sound is short. */
const DIGITS = '42';
const SOUNDS = ['--audio', 'on', '--test-text', DIGITS];

let service, browser;
before(async () => [service, browser] = await Promise.all([startService({ options: SOUNDS }), startBrowser(BROWSER)]), PATIENCE);
after(async () => { await browser?.close(); await service?.stop(); }, PATIENCE);

const LABEL = 'Type the digits that you hear.';
const onForm = formTest(() => ({ service, browser }));

const button = (page, name) => page.getByRole('button', { name, exact: true });
const listen = page => button(page, 'Listen instead').click();
const isPlaying = (page, pressed = true) => page.getByRole('button', { name: 'Play', exact: true, pressed }).waitFor();
const ended = page => isPlaying(page, false);

/** Counts the sounds that start, on pages that are opened after this call. */
const countSounds = page => page.addInitScript(() => {
  globalThis.begun = 0;
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (...when) { globalThis.begun++; return start.apply(this, when); };
});
const sounds = page => page.evaluate(() => globalThis.begun);

/** The focused element in Chromium's accessibility tree, or in one that is made from the page's elements. */
async function focused(page) {
  if (BROWSER) {
    const told = await page.locator(':focus').last().ariaSnapshot().catch(() => '');
    const [, role, name, pressed] = /^- (\w+) "(.*?)"(?: \[(pressed)\])?/.exec(told) ?? [];
    return [role, name, pressed].filter(Boolean).join(' ');
  }
  page.tree ??= await page.context().newCDPSession(page);
  const { nodes } = await page.tree.send('Accessibility.getFullAXTree');
  const property = (node, name) => node.properties?.find(property => property.name === name)?.value.value;
  const node = nodes.findLast(node => property(node, 'focused'));
  const pressed = property(node, 'pressed');
  return [node.role.value, node.name.value, pressed === 'true' && 'pressed'].filter(Boolean).join(' ');
}

/** Waits until the focused element has this name in the accessibility tree. */
async function focusOn(page, expected) {
  let found;
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    found = await focused(page);
    if (found === expected) return;
    await settle(page);
  }
  assert.equal(found, expected);
}

async function tabTo(page, expected, key = 'Tab') {
  for (let step = 0; step < 10 && await focused(page) !== expected; step++) await page.keyboard.press(key);
  assert.equal(await focused(page), expected);
}

onForm('by keyboard and accessibility tree alone, from "Listen instead" to a form that is accepted', {
  options: ['--audio', 'on', '--test-text', '314159'],
}, async page => {
  await tabTo(page, 'button Listen instead');
  await page.keyboard.press('Space');
  await focusOn(page, 'button Play pressed');
  // When the sound has ended, the field has the focus.
  await focusOn(page, `textbox ${LABEL}`);
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'button Play');
  await page.keyboard.press('Enter');
  await focusOn(page, 'button Play pressed');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await focused(page), `textbox ${LABEL}`);
  await page.keyboard.type('31 41 59');
  await page.keyboard.press('Enter');
  await page.getByText('passed: name captcha-id captcha-text').waitFor();
});

onForm('a digit that is typed while it is heard is typed into the field', {}, async page => {
  await tabTo(page, 'button Listen instead');
  await page.keyboard.press('Enter');
  await focusOn(page, 'button Play pressed');
  await page.keyboard.type(DIGITS);
  assert.equal(await focused(page), `textbox ${LABEL}`);
  await ended(page);
  assert.equal(await field(page).inputValue(), DIGITS);
  await page.keyboard.press('Enter');
  await page.getByText('passed').waitFor();
});

onForm('no sound is loaded or played before a visitor asks for it', { loaded: false }, async page => {
  await countSounds(page);
  await page.reload();
  await picture(page);
  await settle(page);
  assert.equal(await sounds(page), 0);
  assert(page.asked.every(url => url.includes('theme=')), page.asked);
  await listen(page);
  await isPlaying(page);
  assert.equal(await sounds(page), 1);
  assert.match(page.asked.at(-1), /generate\/\?lang=en$/);
});

onForm('without sounds nothing mentions them', { options: [] }, async page => {
  assert.equal(await page.getByRole('button').count(), 2);
  assert.equal(await button(page, 'Listen instead').count(), 0);
  assert.equal(await field(page).getAttribute('inputmode'), null);
});

onForm('a sound can be repeated, stopped, replaced, and left for the picture', {}, async page => {
  await countSounds(page);
  await page.reload();
  const last = await picture(page);
  const ids = [(await data(page))['captcha-id']];
  assert.equal(await field(page).getAttribute('inputmode'), null);
  await listen(page);
  await isPlaying(page);
  assert.equal(await field(page).getAttribute('inputmode'), 'numeric');
  assert.equal(await page.getByRole('img').count(), 0);
  ids.push((await data(page))['captcha-id']);
  await ended(page);
  await button(page, 'Play').click();
  await isPlaying(page);
  await button(page, 'Play').click();
  await ended(page);
  assert.equal((await data(page))['captcha-id'], ids[1], 'it is heard again');
  assert.equal(await sounds(page), 2);
  await field(page).fill('1');
  await button(page, 'Another sound').click();
  await page.waitForFunction(() => globalThis.begun === 3);
  ids.push((await data(page))['captcha-id']);
  assert.equal(await field(page).inputValue(), '');
  await button(page, 'Back to the picture').click();
  await picture(page, last);
  await button(page, 'Listen instead').waitFor();
  await focusOn(page, 'textbox Type the 2 large outlined characters. Upper or lower case does not matter.');
  assert.equal(await field(page).getAttribute('inputmode'), null);
  ids.push((await data(page))['captcha-id']);
  assert.equal(new Set(ids).size, 4);
  assert.equal(await sounds(page), 3);
  await field(page).fill(DIGITS);
  await page.keyboard.press('Enter');
  await page.getByText('passed').waitFor();
});

onForm('the accessibility tree has all that a visitor needs', {}, async page => {
  await listen(page);
  await isPlaying(page);
  const tree = pressed => `- text: ${LABEL}
- textbox "${LABEL}"
- button "Play"${pressed}
- button "Another sound"
- button "Back to the picture"
- status
- button "Send"`;
  const form = page.locator('form');
  assert.match(await form.ariaSnapshot(), new RegExp(tree(' [pressed]').replaceAll(/[[\]]/g, '\\$&')));
  await ended(page);
  assert.match(await form.ariaSnapshot(), new RegExp(tree('')));
});

onForm('a service that stops is reported, and can be tried again', { options: SOUNDS, complaints: [REFUSED] }, async (page, own) => {
  await own.stop();
  await listen(page);
  await status(page).getByText('Loading failed.').waitFor();
  assert.deepEqual(await validity(page), [false, true, 'Loading failed.']);
  assert.equal(await button(page, 'Another sound').count(), 0);
  await assertAccessible(page);
  const again = await startService({ port: own.port, options: SOUNDS });
  try {
    await button(page, 'Try again').click();
    await isPlaying(page);
    assert.equal(await status(page).textContent(), '');
  } finally {
    await again.stop();
  }
});

onForm('a response that is no sound is an error, and the picture can be chosen', {}, async page => {
  const last = await picture(page);
  await page.route('**/generate/?lang*', route => route.fulfill({ body: 'no sound', contentType: 'audio/wav' }));
  await listen(page);
  await status(page).getByText('Loading failed.').waitFor();
  await button(page, 'Back to the picture').click();
  await picture(page, last);
  assert.equal(await status(page).textContent(), 'Here is a new picture.');
});

onForm('a sound is renewed silently before it expires, and a message says so', { options: [...SOUNDS, '--ttl', '4'] }, async page => {
  await countSounds(page);
  await page.reload();
  await picture(page);
  await listen(page);
  await isPlaying(page);
  const id = (await data(page))['captcha-id'];
  await status(page).getByText('The time is up.').waitFor();
  await page.waitForFunction(id => {
    const found = new FormData(document.querySelector('form')).get('captcha-id');
    return found && found !== id;
  }, id);
  assert.equal(await sounds(page), 1);
  await button(page, 'Play').click();
  await isPlaying(page);
  assert.equal(await sounds(page), 2);
});

onForm('a sound ends with its captcha', {}, async page => {
  for (const [what, end] of [
    ['reset()', page => page.evaluate(() => document.querySelector('form').reset())],
    ['renew()', page => onWidget(page, widget => { widget.renew(); })],
    ['a page that is returned to', page => page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })))],
  ]) {
    const { 'captcha-id': last } = await data(page);
    await (what === 'reset()' ? listen(page) : button(page, 'Play').click());
    await isPlaying(page);
    await end(page);
    await ended(page);
    await page.waitForFunction(last => ![last, ''].includes(new FormData(document.querySelector('form')).get('captcha-id')), last);
    await page.getByLabel(LABEL).waitFor();
  }
  await button(page, 'Play').click();
  await isPlaying(page);
  await page.evaluate(() => {
    globalThis.widget = document.querySelector('mini-captcha');
    globalThis.widget.remove();
  });
  await page.evaluate(() => document.querySelector('form').append(globalThis.widget));
  await ended(page);
});

onForm('a script chooses between picture and sound', {}, async page => {
  const choose = sound => onWidget(page, (widget, sound) => { widget.sound = sound; }, sound);
  assert.equal(await onWidget(page, widget => widget.sound), false);
  await choose(true);
  await button(page, 'Another sound').waitFor();
  assert.equal(await onWidget(page, widget => widget.sound), true);
  await settle(page);
  const { length } = page.asked;
  await choose(true);
  await settle(page);
  assert.equal(page.asked.length, length, 'what is so already is no change');
  await choose(false);
  await picture(page);
  assert.equal(await onWidget(page, widget => widget.sound), false);
});

onForm('a change of the theme does not load another sound', { colorScheme: 'light' }, async page => {
  await listen(page);
  await ended(page);
  const count = page.asked.length;
  await onWidget(page, widget => widget.setAttribute('theme', 'dark'));
  await page.evaluate(() => { document.documentElement.style.colorScheme = 'dark'; });
  await page.emulateMedia({ colorScheme: 'dark' });
  await settle(page);
  assert.equal(page.asked.length, count);
  await button(page, 'Back to the picture').click();
  await picture(page);
  assert.match(page.asked.at(-1), /theme=dark$/);
});

onForm('it is disabled with its fieldset', { form: '<fieldset disabled><mini-captcha></mini-captcha></fieldset>' }, async page => {
  assert(await button(page, 'Listen instead').isDisabled());
});

// If the voice has another language than the page, the label names it.

test('its texts are in the nearest language', PATIENCE, async () => {
  for (const [lang, label, ...buttons] of [
    ['en', LABEL, 'Listen instead', 'Play', 'Another sound', 'Back to the picture'],
    ['de', 'Die gehörten Ziffern (Englisch) eintippen.', 'Anhören', 'Abspielen', 'Andere Ansage', 'Zurück zum Bild'],
    ['fr', 'Saisissez les chiffres entendus (anglais).', 'Écouter', 'Lire', 'Autre son', 'Retour à l’image'],
    ['es', 'Escriba las cifras que oiga (inglés).', 'Escuchar', 'Reproducir', 'Otro sonido', 'Volver a la imagen'],
    ['it', 'Digita le cifre che senti (inglese).', 'Ascolta', 'Riproduci', 'Altro suono', 'Torna all’immagine'],
    ['pt', 'Digite os algarismos que ouvir (inglês).', 'Ouvir', 'Reproduzir', 'Outro som', 'Voltar à imagem'],
    ['nl', 'Typ de cijfers die u hoort (Engels).', 'Luisteren', 'Afspelen', 'Ander geluid', 'Terug naar de afbeelding'],
    ['pl', 'Wpisz usłyszane cyfry (angielski).', 'Posłuchaj', 'Odtwórz', 'Inne nagranie', 'Wróć do obrazka'],
    ['ru', 'Введите услышанные цифры (английский).', 'Прослушать', 'Воспроизвести', 'Другая запись', 'К картинке'],
    ['tr', 'Duyduğunuz rakamları yazın (İngilizce).', 'Dinle', 'Oynat', 'Başka ses', 'Resme dön'],
    ['ja', '聞こえた数字(英語)を入力してください。', '音声を聞く', '再生', '別の音声', '画像に戻る'],
    ['zh', '请输入听到的数字(英语)。', '听语音', '播放', '换一段语音', '返回图片'],
    ['ar', 'اكتب الأرقام التي تسمعها (الإنجليزية).', 'استماع', 'تشغيل', 'صوت آخر', 'العودة إلى الصورة'],
  ]) {
    const site = await startSite(formPage(service, { form: FORM, html: `lang="${lang}"` }));
    const { page, close } = await openPage(browser, { origins: [service.url, site.url] });
    try {
      await page.goto(site.url);
      await picture(page);
      await button(page, buttons[0]).click();
      for (const name of buttons.slice(1)) await button(page, name).waitFor();
      await page.getByLabel(label, { exact: true }).waitFor();
      await close();
    } finally {
      site.stop();
    }
  }
});

onForm('attributes replace texts', {
  form: '<mini-captcha listen="Hear it" sound-label="Digits#" play="Go" another="More" back="Look"></mini-captcha>',
}, async page => {
  await button(page, 'Hear it').click();
  for (const name of ['Go', 'More', 'Look']) await button(page, name).waitFor();
  await page.getByLabel('Digits', { exact: true }).waitFor();
});

/** Adds fields to the JSON of the service. */
const saying = (page, more) => page.route('**/generate/?theme*', async route => {
  const answer = await route.fetch();
  await route.fulfill({ response: answer, json: { ...await answer.json(), ...more } });
});

onForm('if texts have only digits, phones show a numeric keyboard', { loaded: false }, async page => {
  await saying(page, { digits: true });
  await page.reload();
  await picture(page);
  assert.equal(await field(page).getAttribute('inputmode'), 'numeric');
});

// However it looks.

for (const [what, { lang = 'en', ...context }] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { viewport: { width: 320, height: 700 } },
  'from right to left, narrow': { lang: 'ar', viewport: { width: 320, height: 700 } },
  'long words, narrow': { lang: 'ru', viewport: { width: 320, height: 700 } },
})) {
  onForm(`axe finds nothing and nothing sticks out: ${what}`, { html: `lang="${lang}" dir="${lang === 'ar' ? 'rtl' : 'ltr'}"`, ...context }, async page => {
    const check = async () => {
      await assertAccessible(page);
      const widget = await page.locator('mini-captcha').boundingBox();
      for (const control of await page.locator('mini-captcha').locator('button, input').all()) {
        const box = await control.boundingBox();
        if (!box) continue;
        assert(widget.x <= box.x && box.x + box.width <= widget.x + widget.width + 0.01);
        assert(24 <= box.width && 24 <= box.height, 'it can be touched');
      }
    };
    await check();
    await page.locator('mini-captcha').getByRole('button').last().click();
    await page.getByRole('button', { pressed: true }).waitFor();
    await check();
    await page.locator('[aria-pressed=false]').waitFor();
    await check();
  });
}

onForm('it works under a policy that allows no media', { csp: service => `${policy(service)}; media-src 'none'` }, async page => {
  await listen(page);
  await isPlaying(page);
});
