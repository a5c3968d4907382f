// The widget in Firefox, with its sounds: the same tests as in Chromium, except those that need its emulation.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FIREFOX, missing } from './support.js';

const skip = missing(existsSync(FIREFOX), FIREFOX) || missing(!spawnSync('pulseaudio', ['--version']).error, 'pulseaudio');
if (skip) {
  test('the widget in Firefox', { skip }, () => {});
} else {
  process.env.BROWSER = 'firefox';
  await startSpeaker();
  await import('./widget.test.js');
  await import('./sound.test.js');
}

/** A sound device for Firefox, without which its sounds never end. */
async function startSpeaker() {
  const folder = await mkdtemp(join(tmpdir(), 'minicap-'));
  const socket = join(folder, 'speaker');
  const modules = ['null-sink', `native-protocol-unix auth-anonymous=1 socket=${socket}`].map(module => `--load=module-${module}`);
  const server = spawn('pulseaudio', ['-n', '--daemonize=no', '--exit-idle-time=-1', ...modules], {
    stdio: 'ignore', env: { ...process.env, HOME: folder, XDG_RUNTIME_DIR: folder },
  });
  process.env.PULSE_SERVER = `unix:${socket}`;
  after(async () => {
    server.kill();
    if (server.exitCode === null) await once(server, 'exit');
    await rm(folder, { recursive: true, force: true });
  });
}
