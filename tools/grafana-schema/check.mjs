// check.mjs HOME DIR: holds every DIR/*.json against the type Dashboard of dashboard.ts. HOME has node_modules.
// Each dashboard is compiled as an object literal, in which the compiler finds unknown keys as well as wrong values.
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [home, folder] = process.argv.slice(2).map((path) => resolve(path));
const ts = createRequire(join(home, 'package.json'))('typescript');
const types = readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'dashboard.ts'), 'utf8');

const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
if (names.length === 0) {
  console.error(`${folder} holds no dashboards.`);
  process.exit(1);
}

// The sources exist in memory alone, beside node_modules, where imports are looked for.
const sources = new Map([[join(home, 'dashboard.ts'), types]]);
for (const name of names) {
  const json = readFileSync(join(folder, name), 'utf8');
  // On one line with the JSON's first, so that lines are those of the file.
  const before = "import type { Dashboard } from './dashboard'; export const dashboard: Dashboard = ";
  sources.set(join(home, `${name}.ts`), `${before}${json}`);
}

const options = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: [],
};
const host = ts.createCompilerHost(options);
const { fileExists, readFile, getSourceFile } = host;
host.fileExists = (path) => sources.has(path) || fileExists(path);
host.readFile = (path) => sources.get(path) ?? readFile(path);
host.getSourceFile = (path, version, ...rest) =>
  sources.has(path) ? ts.createSourceFile(path, sources.get(path), version) : getSourceFile(path, version, ...rest);

const program = ts.createProgram([...sources.keys()], options, host);
const faults = ts.getPreEmitDiagnostics(program);
for (const { file, start, messageText } of faults) {
  const text = ts.flattenDiagnosticMessageText(messageText, '\n');
  if (file === undefined) {
    console.error(text);
    continue;
  }
  const { line } = file.getLineAndCharacterOfPosition(start);
  const path = file.fileName.endsWith('.json.ts') ? join(folder, file.fileName.slice(home.length + 1, -3)) : file.fileName;
  console.error(`${relative(process.cwd(), path)}:${line + 1}: ${text}`);
}
if (faults.length > 0) process.exit(1);
console.log(`${names.length} dashboards are as Grafana's types have them.`);
