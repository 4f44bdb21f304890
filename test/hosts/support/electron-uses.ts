import { resolve } from 'node:path';
import ts from 'typescript';

/*
 * What our sources use of Electron, according to its own typings. The fake `electron` can't be better than those, and must not be
 * older.
 */

const ROOT = resolve(import.meta.dirname, '../../..');
const TYPINGS = /\/node_modules\/electron\/electron\.d\.ts$/;

export interface ElectronUses {
  /** `SafeStorage.encryptStringAsync`, `App.on`, … */
  readonly members: ReadonlySet<string>;
  /** Uses with their place that are deprecated, absent, or not typed as used. */
  readonly faults: readonly string[];
}

/**
 * @param files absolute paths of sources
 * @param instead sources in place of files, by absolute path
 */
export function usesOfElectron(files: readonly string[], instead: Readonly<Record<string, string>> = {}): ElectronUses {
  const { config } = ts.readConfigFile(resolve(ROOT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (file) => instead[file] ?? readFile.call(host, file);
  host.fileExists = (file) => file in instead || fileExists.call(host, file);
  const program = ts.createProgram([...files, ...Object.keys(instead)], { ...options, noEmit: true }, host);
  const checker = program.getTypeChecker();
  const members = new Set<string>();
  const faults: string[] = [];

  const place = (node: ts.Node): string => {
    const file = node.getSourceFile();
    return `${file.fileName.slice(ROOT.length + 1)}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
  };
  const inTypings = (declaration: ts.Node | undefined): declaration is ts.Declaration =>
    declaration !== undefined && TYPINGS.test(declaration.getSourceFile().fileName);
  const deprecated = (declaration: ts.Node): boolean => ts.getJSDocDeprecatedTag(declaration) !== undefined;

  function note(name: ts.Node): void {
    const declarations = checker.getSymbolAtLocation(name)?.declarations?.filter(inTypings) ?? [];
    const [first] = declarations;
    if (!first || !('name' in first.parent)) return;
    const owner = (first.parent as ts.InterfaceDeclaration | ts.ClassDeclaration).name?.getText() ?? '';
    const member = `${owner}.${name.getText()}`;
    members.add(member);
    if (declarations.every(deprecated)) faults.push(`${place(name)}: ${member} is deprecated`);
  }
  /** Only one of several signatures may be deprecated. */
  function noteCall(call: ts.CallExpression): void {
    const callee = call.expression;
    const declaration = checker.getResolvedSignature(call)?.declaration;
    if (!ts.isPropertyAccessExpression(callee) || !inTypings(declaration) || !deprecated(declaration)) return;
    if (checker.getSymbolAtLocation(callee.name)?.declarations?.every(deprecated)) return; // recorded as a member
    faults.push(`${place(call)}: this call of ${callee.getText()} is deprecated`);
  }
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) note(node.name);
    if (ts.isCallExpression(node)) noteCall(node);
    ts.forEachChild(node, visit);
  };
  for (const file of [...files, ...Object.keys(instead)]) {
    const source = program.getSourceFile(file)!;
    for (const { messageText, start = 0 } of program.getSemanticDiagnostics(source)) {
      const line = source.getLineAndCharacterOfPosition(start).line + 1;
      faults.push(`${file.slice(ROOT.length + 1)}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
    }
    visit(source);
  }
  return { members, faults };
}
