/**
 * Second half of `npm run layers`: no circular imports between folders. dependency-cruiser finds circles of files. Two folders
 * can import each other without one, and then neither can be understood, tested or moved without the other.
 *
 * Folders are checked level by level: the files and folders inside one folder must not import each other in a circle, and
 * a folder includes everything below it. Type imports don't count, because they don't exist at run time.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

export interface Import {
  readonly from: string;
  readonly to: string;
}

export interface Circle {
  readonly folder: string;
  readonly members: readonly string[];
  readonly imports: readonly Import[];
}

/** Whether an import or export exists at run time. */
function isValue(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return !node.isTypeOnly;
  const clause = node.importClause;
  if (!clause) return true;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return false;
  const named = clause.namedBindings;
  if (clause.name || !named || ts.isNamespaceImport(named)) return true;
  return named.elements.some((e) => !e.isTypeOnly);
}

/** Relative value imports (not type imports) of one source file, as paths from the repository root. */
export function valueImports(file: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined) => {
    if (specifier && ts.isStringLiteralLike(specifier) && specifier.text.startsWith('.'))
      found.push({ from: file, to: posix.join(posix.dirname(file), specifier.text) });
  };
  const walk = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && isValue(node)) add(node.moduleSpecifier);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0]);
    ts.forEachChild(node, walk);
  };
  walk(ts.createSourceFile(file, text, ts.ScriptTarget.Latest));
  return found;
}

export function circlesIn(folder: string, imports: readonly Import[]): Circle[] {
  const inside = imports.filter(({ from, to }) => from.startsWith(`${folder}/`) && to.startsWith(`${folder}/`));
  const nameOf = (file: string) => file.slice(folder.length + 1).split('/')[0]!;
  const next = new Map<string, Set<string>>();
  const folders = new Set<string>();
  for (const { from, to } of inside) {
    const [a, b] = [nameOf(from), nameOf(to)];
    for (const [name, file] of [
      [a, from],
      [b, to],
    ] as const)
      if (file !== `${folder}/${name}`) folders.add(name);
    if (a !== b) next.set(a, (next.get(a) ?? new Set()).add(b));
  }
  const reach = (start: string): Set<string> => {
    const seen = new Set<string>();
    const open = [start];
    for (let name = open.pop(); name !== undefined; name = open.pop())
      for (const other of next.get(name) ?? [])
        if (!seen.has(other)) {
          seen.add(other);
          open.push(other);
        }
    return seen;
  };
  const reached = new Map([...next.keys()].map((name) => [name, reach(name)]));
  const circles: Circle[] = [];
  const done = new Set<string>();
  for (const [name, to] of reached) {
    if (done.has(name) || !to.has(name)) continue;
    const members = [...to].filter((other) => reached.get(other)?.has(name)).sort();
    for (const member of members) done.add(member);
    // dependency-cruiser reports circles that consist only of files.
    if (!members.some((member) => folders.has(member))) continue;
    const within = inside.filter(
      ({ from, to }) => nameOf(from) !== nameOf(to) && members.includes(nameOf(from)) && members.includes(nameOf(to)),
    );
    circles.push({ folder, members, imports: within });
  }
  return [...circles, ...[...folders].sort().flatMap((name) => circlesIn(`${folder}/${name}`, inside))];
}

/** Source files below a folder, without tests. */
function sourcesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((name) => /\.tsx?$/.test(name) && !/\.(test|d)\.tsx?$/.test(name));
}

const CHECKED = ['sync/server', 'electron/core'];

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.chdir(join(import.meta.dirname, '../..'));
  let found = 0;
  for (const folder of CHECKED.filter((one) => existsSync(one))) {
    const imports = sourcesIn(folder).flatMap((file) => valueImports(file, readFileSync(file, 'utf8')));
    for (const circle of circlesIn(folder, imports)) {
      found += 1;
      console.error(`Circle in ${circle.folder}: ${circle.members.join(', ')}. The imports that make it:`);
      for (const { from, to } of circle.imports) console.error(`  ${from} → ${to}`);
    }
  }
  if (found > 0) {
    console.error('Move what both need into a folder below both, or pass it in as a parameter.');
    process.exitCode = 1;
  } else console.log(`No circle of folders in ${CHECKED.join(' and ')}.`);
}
