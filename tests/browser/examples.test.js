// The README's backend examples, each run as it is written where its language is to be had.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { PATIENCE, TEXT, example, startService } from './support.js';

let service, folder;
before(async () => {
  [service, folder] = await Promise.all([startService(), mkdtemp(join(tmpdir(), 'minicap-'))]);
});
after(async () => {
  await service?.stop();
  await rm(folder, { recursive: true });
});

async function generate() {
  const answer = await fetch(`${service.url}/api/captcha/generate/`, { method: 'POST' });
  return answer.headers.get('Captcha-Id');
}

// What each is asked with: a file beside the example that prints what it says to two arguments.
const drivers = {
  python: ['captcha.py', 'ask.py',
    'import sys\nfrom captcha import is_solved\nprint(str(is_solved(*sys.argv[1:])).lower())\n',
    ['python3', 'ask.py']],
  js: ['captcha.mjs', 'ask.mjs',
    "import { isSolved } from './captcha.mjs';\nconsole.log(await isSolved(...process.argv.slice(2)));\n",
    ['node', 'ask.mjs']],
  php: ['captcha.php', 'ask.php',
    "<?php require 'captcha.php'; echo json_encode(is_solved($argv[1], $argv[2]));\n",
    ['php', 'ask.php']],
  go: ['captcha.go', 'ask.go',
    'package main\n\nfunc main() {\n\tsolved, err := isSolved(os.Args[1], os.Args[2])\n\tfmt.Println(solved, err)\n}\n'
      .replace('\n\n', '\n\nimport (\n\t"fmt"\n\t"os"\n)\n\n'),
    ['go', 'run', 'captcha.go', 'ask.go']],
};

for (const [language, [file, asking, driver, [command, ...options]]] of Object.entries(drivers)) {
  test(language, async t => {
    if (spawnSync(command, [language === 'go' ? 'version' : '--version']).error) return t.skip(`no ${command}`);
    await writeFile(join(folder, file), example(language));
    await writeFile(join(folder, asking), driver);
    const ask = (id, text) => {
      const { stdout, stderr, status } = spawnSync(command, [...options, id, text], {
        ...PATIENCE, cwd: folder, encoding: 'utf8', env: { ...process.env, CAPTCHA_URL: service.url, GO111MODULE: 'off' },
      });
      assert.equal(status, 0, stderr);
      assert.equal(stderr, '');
      return stdout.trim().split(' ')[0];
    };
    const id = await generate();
    for (const [text, expected] of [
      ['wrong', 'false'], [`"quo\\ted" <é> '`, 'false'], [TEXT.toUpperCase(), 'true'], [TEXT, 'false'],
    ]) {
      assert.equal(ask(id, text), expected, text);
    }
    assert.equal(ask('', ''), 'false');
    // Longer than any body may be.
    assert.equal(ask(await generate(), 'x'.repeat(17_000)), 'false');
  });
}

test('curl', async () => {
  const { stdout } = spawnSync('bash', ['-c', example('bash')], {
    ...PATIENCE, cwd: folder, encoding: 'utf8', input: `${TEXT}\n`, env: { ...process.env, CAPTCHA_URL: service.url },
  });
  assert.deepEqual(JSON.parse(stdout), { status: 200, message: 'CAPTCHA validated successfully' });
});
