// A page of another origin than the service, with the widget in a form, and helpers for its tests.

import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { PATIENCE, openPage, startService, startSite } from './support.js';

const { BROWSER } = process.env;

// What browsers log when the service is stopped or the network is off.
export const REFUSED = /net::ERR_(CONNECTION_REFUSED|INTERNET_DISCONNECTED|FAILED)|^$|Same Origin Policy disallows/;

export const policy = ({ url }) =>
  `default-src 'none'; script-src ${url} 'nonce-test'; connect-src ${url}; img-src data:; form-action 'self'`;
const script = ({ url }) => `<script src="${url}/widget.js" async></script>`;

/** A page with this form; its backend answers whether the captcha was solved. */
export const formPage = (service, { form, html = 'lang="en"', csp = policy, load = script, fields = {} }) => async (request, response) => {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Content-Security-Policy', csp(service));
  for (const [name, value] of Object.entries(fields)) response.setHeader(name, value);
  const head = `<!doctype html><html ${html}><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
    '<title>A form</title><link rel="icon" href="data:,"><main><h1>A form</h1>';
  if (request.method === 'POST') {
    const sent = new URLSearchParams(await text(request));
    const solved = await isSolved(service, sent.get('captcha-id'), sent.get('captcha-text'));
    const place = request.url === '/' ? '' : ` at ${request.url}`;
    response.end(`${head}<p>${solved ? 'passed' : 'stopped'}${place}: ${[...sent.keys()].join(' ')}</p></main>`);
  } else {
    response.end(`${head}<form method="post">${form}</form></main>${load(service)}`);
  }
};

export const FORM = '<label>Name <input name="name"></label><mini-captcha></mini-captcha><button>Send</button>';

/** Whether the service says that the answer is right. */
async function isSolved(service, id, text) {
  const { status } = await fetch(`${service.url}/api/captcha/validate/`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ id, text }),
  });
  return status === 200;
}

/**
 * Runs a test on a form, by default with its first captcha loaded, in the browser and with the service of `running`, or
 * with a service of its own that has these options. Tests with `emulated` run in Chromium only.
 */
export const formTest = running => (name, { form = FORM, html, csp, load, fields, options, complaints, clock, loaded = true, emulated, ...context }, run) =>
  BROWSER && emulated || test(name, PATIENCE, async () => {
    const { service, browser } = running();
    const own = options ? await startService({ options }) : service;
    const site = await startSite(formPage(own, { form, html, csp, load, fields }));
    const { page, close } = await openPage(browser, {
      origins: [own.url, site.url], complaints, ...context,
    });
    page.asked = [];
    page.on('request', request => { if (request.url().includes('/generate/')) page.asked.push(request.url()); });
    try {
      if (clock) await page.clock.install();
      await page.goto(site.url);
      if (loaded) await picture(page);
      await run(page, own);
      await close();
    } finally {
      site.stop();
      if (own !== service) await own.stop();
    }
  });

/** Waits for a picture other than `last` that can be seen, and returns it. */
export async function picture(page, last = '') {
  const image = page.getByRole('img');
  await image.first().waitFor();
  for (;;) {
    const source = await image.first().evaluate(element => element.naturalWidth === 600 && element.src, null)
      .catch(() => '');
    if (source && source !== last) return source;
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

export const field = page => page.locator('mini-captcha').getByRole('textbox');
export const status = page => page.getByRole('status');
export const send = page => page.getByRole('button', { name: 'Send' }).click();
/** What the form would send. */
export const data = page => page.evaluate(() => Object.fromEntries(new FormData(document.querySelector('form'))));
export const onWidget = (page, run, argument) => page.locator('mini-captcha').first().evaluate(run, argument);
export const validity = page => onWidget(page, widget => [widget.checkValidity(), widget.matches(':invalid'), widget.validationMessage]);
/** Waits until all that is under way has happened. */
export const settle = page => page.evaluate(() => new Promise(resolve =>
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 50)))));
