// Takes the README's pictures of the page and the widget again: `npm --prefix tests/browser run pictures`.

import { fileURLToPath } from 'node:url';
import { openPage, startBrowser, startService, startSite } from './support.js';

const docs = name => fileURLToPath(new URL(`../../docs/${name}.png`, import.meta.url));

// A page such as people have, in both its moods.
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

const browser = await startBrowser();
const service = await startService();
for (const [name, width, colorScheme] of [['light', 1200, 'light'], ['dark', 1200, 'dark'], ['narrow', 390, 'light']]) {
  const { page, close } = await openPage(browser, {
    origins: [service.url], colorScheme, viewport: { width, height: 900 },
  });
  await page.goto(`${service.url}/docs`);
  await page.waitForFunction(() => document.getElementById('picture').naturalWidth);
  await page.getByLabel('large outlined characters').fill('ab3xy7');
  await page.keyboard.press('Enter');
  await page.getByText('Right.').waitFor();
  await page.screenshot({ path: docs(`page-${name}`), fullPage: true });
  if (name === 'light') await page.screenshot({ path: docs('page'), clip: { x: 0, y: 0, width, height: 740 } });
  await close();
}
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
await service.stop();
await browser.close();
