import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { ENGLISH } from '../../renderer/console/i18n.ts';

/*
 * What jobs report, read by the compiler from the sources: each `run` of an object literal that is a `Job`, and its return type.
 * So a field counts even if it is rarely reported.
 */

const ROOT = resolve(import.meta.dirname, '../..');
/** Fields whose keys are codes: of what is waited for, or of an error. */
const BY_CODE = ['erasure.waiting'];

/** The fields and codes in a report's type, each with the jobs that have it. */
interface Found {
  readonly jobs: Set<string>;
  readonly fields: Map<string, string>;
  readonly codes: Map<string, string>;
  /** Types that don't declare their fields. */
  readonly open: string[];
}

function findReports(): Found {
  const { config } = ts.readConfigFile(resolve(ROOT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, ROOT);
  const sources = globSync('sync/server/**/*.ts', { cwd: ROOT, exclude: (name) => name.endsWith('.test.ts') });
  const files = sources.map((file) => resolve(ROOT, file));
  const program = ts.createProgram(files, {
    ...options,
    lib: ['lib.es2024.d.ts', 'lib.esnext.d.ts'],
    types: ['node'],
    noEmit: true,
  });
  const checker = program.getTypeChecker();
  const found: Found = { jobs: new Set(), fields: new Map(), codes: new Map(), open: [] };

  function noteType(type: ts.Type, at: string): void {
    if (type.isUnion()) for (const one of type.types) noteType(one, at);
    else if (type.isStringLiteral()) found.codes.set(type.value, at);
    else if (checker.isArrayType(type)) noteType(checker.getTypeArguments(type as ts.TypeReference)[0]!, at);
    else if (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) found.open.push(at);
    else if (type.flags & ts.TypeFlags.Object) {
      if (checker.getIndexInfosOfType(type).length > 0 && !BY_CODE.includes(at)) found.open.push(at);
      for (const property of checker.getPropertiesOfType(type)) {
        const { name } = property;
        // The kind of a rule takes the place of its name.
        if (name !== 'kind') found.fields.set(name, at);
        noteType(checker.getTypeOfSymbol(property), `${at}.${name}`);
      }
    }
  }
  function visit(node: ts.Node): void {
    if (ts.isObjectLiteralExpression(node) && checker.getContextualType(node)?.symbol?.name === 'Job') {
      const { name, run } = Object.fromEntries(node.properties.map((one) => [one.name?.getText(), one]));
      const [job, does] = [name, run].map((one) => (one && ts.isPropertyAssignment(one) ? one.initializer : one));
      const returned = checker.getTypeAtLocation(does!).getCallSignatures()[0]!.getReturnType();
      const called = (job as ts.StringLiteral).text;
      found.jobs.add(called);
      noteType(checker.getAwaitedType(returned)!, called);
    }
    ts.forEachChild(node, visit);
  }
  for (const file of files) visit(program.getSourceFile(file)!);
  return found;
}

test('the console has a label for every field that a job reports, and for every code', () => {
  const { jobs, fields, codes, open } = findReports();
  const { name, report, code } = ENGLISH.jobs;
  expect([...jobs].sort()).toEqual(Object.keys(name).sort());
  expect(open, 'say in the type what it reports').toEqual([]);
  const unnamed = ([one]: [string, string], ...names: object[]) => !names.some((known) => one in known);
  expect([...fields].filter((field) => unnamed(field, report))).toEqual([]);
  expect([...codes].filter((one) => unnamed(one, code, ENGLISH.retention.kind))).toEqual([]);
  expect(Object.keys(report).filter((field) => !fields.has(field))).toEqual([]);
}, 600_000);
