// Takes the README's pictures of the page and the widget: `npm --prefix tests/browser run pictures`. With `-- FOLDER`,
// takes pictures of the whole page in each width and theme into that folder instead.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openPage, startBrowser, startService, startSite } from './support.js';

// A text such as the service draws.
const TEXT = 'H3RT8C';

const docs = name => fileURLToPath(new URL(`../../docs/${name}.png`, import.meta.url));

// A page with two forms, one light and one dark.
const site = ({ url }) => (_, response) => {
  const form = theme => `<form class="${theme}"><h1>Join us</h1><label>Name<input value="Ada"></label>` +
    `<mini-captcha theme="${theme}"></mini-captcha><button>Join</button></form>`;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.end(`<!doctype html><title>Join us</title><link rel="icon" href="data:,"><style>
    body { margin: 0; min-height: 100vh; display: flex; font: 16px/1.5 Inter, system-ui, sans-serif; --mini-captcha-radius: 6px }
    form { flex: 1; padding: 2rem 2.5rem; display: grid; gap: 1rem; justify-items: start }
    h1 { margin: 0; font-size: 1.5rem }
    label, input { display: block } label { width: 20em }
    .dark { background: #14181d; color: #e6e9ee; --mini-captcha-accent: #7cc0ff }
    .light { --mini-captcha-accent: #0b62c4 }
    form > label input { box-sizing: border-box; width: 100%; font: inherit; color: inherit; background: #8881;
      border: 1px solid #888; border-radius: 6px; padding: .4em .6em }
    form > button { font: inherit; font-weight: 600; border: 0; border-radius: 6px; padding: .5em 1.5em;
      background: #0b62c4; color: #fff }
    .dark > button { background: #7cc0ff; color: #14181d }
  </style>${form('light')}${form('dark')}<script src="${url}/widget.js" async></script>`);
};

/** Takes a picture of the page in this width and theme, with a right answer. */
async function takePage(browser, { width, height = 900, colorScheme = 'light', path, ...options }) {
  const { page, close } = await openPage(browser, { origins: [service.url], colorScheme, viewport: { width, height } });
  await page.goto(service.url);
  await page.evaluate(() => document.fonts.ready);
  await page.waitForFunction(() => document.querySelector('mini-captcha').shadowRoot?.querySelector('img').naturalWidth);
  await page.getByLabel('large outlined characters').fill(TEXT.toLowerCase());
  await page.keyboard.press('Enter');
  await page.getByText('Right. The visitor passes').waitFor();
  await page.screenshot({ path, ...options });
  await close();
}

/** Takes a picture of the widget in a form, light and dark. */
async function takeWidget(browser) {
  const { url, stop } = await startSite(site(service));
  const { page, close } = await openPage(browser, {
    origins: [service.url, url], viewport: { width: 820, height: 470 }, deviceScaleFactor: 2,
  });
  await page.goto(url);
  await page.waitForFunction(() => [...document.querySelectorAll('mini-captcha')].every(widget =>
    widget.shadowRoot?.querySelector('img').naturalWidth));
  await page.getByLabel('large outlined characters').first().focus();
  await page.screenshot({ path: docs('widget') });
  await close();
  stop();
}

const browser = await startBrowser();
const service = await startService({ options: ['--test-text', TEXT] });
const [folder] = process.argv.slice(2);
if (folder) {
  mkdirSync(folder, { recursive: true });
  for (const width of [1280, 768, 375]) {
    for (const colorScheme of ['light', 'dark']) {
      await takePage(browser, { width, colorScheme, path: join(folder, `page-${width}-${colorScheme}.png`), fullPage: true });
    }
  }
} else {
  await takePage(browser, { width: 1280, height: 780, path: docs('page') });
  await takeWidget(browser);
}
await service.stop();
await browser.close();
