// Makes what the service sends of what people read: `npm --prefix tests/browser run smaller`.

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zopfli from '@gfx/zopfli';
import { SOURCES, made, smaller } from './support.js';

// A twentieth less than `gzip -9` makes of it, and every browser reads it as well.
const gzip = promisify(zopfli.gzip);

for (const source of SOURCES) {
  const path = fileURLToPath(new URL(`../../${made(source)}`, import.meta.url));
  const text = await smaller(source);
  writeFileSync(path, text);
  writeFileSync(`${path}.gz`, await gzip(Buffer.from(text), { numiterations: 50 }));
}
