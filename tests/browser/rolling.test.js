// Two services behind nginx with one store are restarted in turn while visitors solve captchas, and no visitor notices.
// The test takes ROLLING_SECS.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { TEXT, block, freePort, missing, openPage, read, startBrowser, startService, startSite } from './support.js';

const SECS = Number(process.env.ROLLING_SECS ?? 20);
const VISITORS = 4;
const RESTART_PERIOD_MS = 300;

const STORE = ['valkey-server', 'redis-server'].find(name => !spawnSync(name, ['--version']).error);
const NGINX = ['nginx', '/usr/sbin/nginx'].find(name => !spawnSync(name, ['-v']).error);

/** Runs a program that listens on this port, until `stop`. */
async function startProgram(port, command, ...options) {
  const child = spawn(command, options, { stdio: ['ignore', 'ignore', 'inherit'] });
  const isOpen = () => new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false));
    socket.unref();
  });
  for (const begun = Date.now(); !await isOpen(); await pause(20)) {
    assert(Date.now() - begun < 20_000 && child.exitCode === null, `${command} did not start`);
  }
  return { async stop() { child.kill('SIGTERM'); if (child.exitCode === null) await once(child, 'exit'); } };
}

/** The proxy of docs/ for several processes, with other addresses and a higher limit for each client. */
function nginxConfig(folder, port, backendPort) {
  const changes = [
    [/upstream minicap \{[^}]*\}/, block('several.conf', 'docs/operate.md')],
    ['listen 80;', `listen 127.0.0.1:${port};`],
    ['listen [::]:80;', ''],
    ['listen 127.0.0.1:8000;', `listen 127.0.0.1:${backendPort};`],
    ['rate=2r/s', 'rate=1000r/s'],
  ];
  const sites = changes.reduce((config, [from, to]) => {
    const changed = config.replace(from, to);
    assert.notEqual(changed, config, String(from));
    return changed;
  }, read('docs/proxy/nginx.conf')).replaceAll('unix:/run/', `unix:${folder}/`);
  const scratch = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder}/${name};`);
  // The folder belongs to this user. If that is not root, nginx ignores `user`.
  return `user root root; pid ${folder}/nginx.pid; daemon off; error_log /dev/null;
    events {} http { access_log off; ${scratch.join(' ')} ${sites} }`;
}

/** The status that the backend gets for an answer. */
async function check(url, form) {
  const answer = await fetch(`${url}/api/captcha/validate/`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ id: form.get('captcha-id'), text: form.get('captcha-text') }),
  });
  return answer.status;
}

test('visitors solve captchas while two services are restarted in turn', { timeout: (SECS + 60) * 1000 }, async t => {
  const skip = missing(STORE, 'server for the store') || missing(NGINX, 'nginx');
  if (skip) return t.skip(skip);
  const folder = await mkdtemp(join(tmpdir(), 'minicap-'));
  const [storePort, port, backendPort] = [await freePort(), await freePort(), await freePort()];
  const started = [];
  const start = async promise => { started.push(await promise); return started.at(-1); };
  const options = ['--store', `redis://127.0.0.1:${storePort}`, '--client-header', 'X-Real-IP', '--log', 'off'];
  const startNumber = number => startService({ listen: `unix:${folder}/minicap-${number}.sock`, options });
  try {
    await start(startProgram(storePort, STORE, '--port', storePort, '--bind', '127.0.0.1', '--save', '', '--dir', folder));
    const services = [await startNumber(1), await startNumber(2)];
    started.push({ stop: () => Promise.all(services.map(service => service.stop())) });
    await writeFile(join(folder, 'nginx.conf'), nginxConfig(folder, port, backendPort));
    await start(startProgram(port, NGINX, '-e', '/dev/null', '-c', join(folder, 'nginx.conf')));
    const proxy = `http://127.0.0.1:${port}`;
    const statuses = {};
    const site = await start(startSite(async (request, response) => {
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      const head = '<!doctype html><html lang="en"><title>A form</title><link rel="icon" href="data:,">';
      if (request.method !== 'POST') {
        return response.end(`${head}<form method="post"><mini-captcha></mini-captcha><button>Send</button></form>
          <script src="${proxy}/widget.js" async></script>`);
      }
      const status = await check(`http://127.0.0.1:${backendPort}`, new URLSearchParams(await text(request)));
      statuses[status] = (statuses[status] ?? 0) + 1;
      response.end(`${head}<p>checked ${status}`);
    }));
    const browser = await startBrowser();
    started.push({ stop: () => browser.close() });

    const end = Date.now() + SECS * 1000;
    const visit = async () => {
      const { page, close } = await openPage(browser, { origins: [proxy, site.url] });
      while (Date.now() < end) {
        await page.goto(site.url);
        await page.getByRole('img').waitFor();
        await page.getByRole('textbox').fill(TEXT);
        await page.getByRole('button', { name: 'Send' }).click();
        await page.getByText('checked').waitFor();
      }
      await close();
    };
    let restarts = 0;
    const restart = async () => {
      for (; Date.now() < end; restarts++) {
        const number = restarts % services.length;
        await services[number].stop('SIGTERM');
        services[number] = await startNumber(number + 1);
        await pause(RESTART_PERIOD_MS);
      }
    };
    await Promise.all([restart(), ...Array.from({ length: VISITORS }, visit)]);
    t.diagnostic(`${restarts} restarts, answers by status: ${JSON.stringify(statuses)}`);
    assert.deepEqual(Object.keys(statuses), ['200']);
    assert(services.length <= restarts);
  } finally {
    for (const one of started.reverse()) await one.stop();
    await rm(folder, { recursive: true });
  }
});
