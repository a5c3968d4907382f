// The widget in Firefox: all that is tested in Chromium, but for what can be emulated there alone.

import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { FIREFOX, missing } from './support.js';

const skip = missing(existsSync(FIREFOX), FIREFOX);
if (skip) {
  test('the widget in Firefox', { skip }, () => {});
} else {
  process.env.BROWSER = 'firefox';
  await import('./widget.test.js');
}
