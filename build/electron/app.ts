import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';
import { build } from 'vite';

/** What the packaged kiosk runs: the host, the core, and what they import. The server and the screens' sources stay out. */
const PARTS = [
  'electron/contract',
  'electron/core',
  'electron/host-electron',
  'models/rules',
  'models/node',
  'sync/protocol',
  'sync/edge',
];
const ROOT = join(import.meta.dirname, '../..');

/**
 * Transpiles the Electron app file by file into `out`, in the same tree as the sources, so that paths relative to a
 * module mean the same in both. Nothing is bundled but the preload, which Electron's sandbox wants as one CommonJS file.
 *
 * @param out is emptied first
 */
export async function buildElectronApp(out: string): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  for (const part of PARTS) for (const file of sources(join(ROOT, part))) emit(file, join(out, relative(ROOT, file)));
  mkdirSync(out, { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(out, 'package.json'));
  await build({
    configFile: false,
    logLevel: 'error',
    build: {
      lib: { entry: join(ROOT, 'electron/host-electron/preload.ts'), formats: ['cjs'], fileName: () => 'preload.cjs' },
      outDir: join(out, 'electron/host-electron'),
      emptyOutDir: false,
      minify: false,
      rolldownOptions: { external: ['electron'] },
    },
  });
}

/** One file, types stripped and `.ts` imports renamed; other files (wasm, text) are copied. */
function emit(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  if (!from.endsWith('.ts')) {
    cpSync(from, to);
    return;
  }
  const { outputText } = ts.transpileModule(readFileSync(from, 'utf8'), {
    fileName: from,
    compilerOptions: {
      target: ts.ScriptTarget.ES2024,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  });
  writeFileSync(to.replace(/\.ts$/, '.js'), outputText);
}

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (!/\.(test|spec)\.ts$|\.d\.ts$/.test(entry.name)) yield path;
  }
}

if (import.meta.main) {
  await buildElectronApp(join(ROOT, 'dist/app'));
  console.log('Built dist/app.');
}
