// Makes the scripts that the service sends of the ones that people read: `npm run widget`.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SCRIPTS, smaller } from './support.js';

for (const script of SCRIPTS) {
  const made = fileURLToPath(new URL(`../../${script.replace('.js', '.min.js')}`, import.meta.url));
  writeFileSync(made, await smaller(script));
  execFileSync('gzip', ['-9nkf', made]);
}
