// Makes the files that the service sends from those that people edit: `npm --prefix tests/browser run smaller`.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zopfli from '@gfx/zopfli';
import { SOURCES, made, smaller } from './support.js';

// A twentieth smaller than the output of `gzip -9`, and read by every browser.
const gzip = promisify(zopfli.gzip);

for (const source of SOURCES) {
  const path = fileURLToPath(new URL(`../../${made(source)}`, import.meta.url));
  const text = await smaller(source);
  writeFileSync(path, text);
  writeFileSync(`${path}.gz`, await gzip(Buffer.from(text), { numiterations: 50 }));
}
