import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

/**
 * Returns one module as JavaScript, with types stripped and `.ts` imports renamed. Nothing is bundled: a module has the same
 * path in the build as in the source tree, so that paths relative to a module mean the same in both.
 */
export function transpile(path: string, source: string): string {
  return ts.transpileModule(source, {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2024,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
      removeComments: true,
    },
  }).outputText;
}

/** Writes these source files to the same paths below `out`: `.ts` files as JavaScript, others unchanged. */
export function emitSources(root: string, files: Iterable<string>, out: string): void {
  for (const file of files) {
    const to = join(out, relative(root, file));
    mkdirSync(dirname(to), { recursive: true });
    if (file.endsWith('.ts')) writeFileSync(to.replace(/\.ts$/, '.js'), transpile(file, readFileSync(file, 'utf8')));
    else cpSync(file, to);
  }
}
