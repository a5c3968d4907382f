// Makes the scripts that the service sends of the ones that people read: `npm run widget`.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zopfli from '@gfx/zopfli';
import { SCRIPTS, smaller } from './support.js';

// A twentieth less than `gzip -9` makes of it, and every browser reads it as well.
const gzip = promisify(zopfli.gzip);

for (const script of SCRIPTS) {
  const made = fileURLToPath(new URL(`../../${script.replace('.js', '.min.js')}`, import.meta.url));
  const code = await smaller(script);
  writeFileSync(made, code);
  writeFileSync(`${made}.gz`, await gzip(Buffer.from(code), { numiterations: 50 }));
}
