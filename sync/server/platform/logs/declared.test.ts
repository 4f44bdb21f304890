import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { SHAPES } from './fields.ts';

const SERVER = join(import.meta.dirname, '../..');
const LEVELS = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);

/** Names of the fields that a file passes to a logger literally. Spread fields are only checked at run time. */
function fieldsOf(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(SERVER, file), 'utf8'), ts.ScriptTarget.Latest);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const { name, expression } = node.expression;
      const logger = ts.isIdentifier(expression)
        ? expression.text
        : ts.isPropertyAccessExpression(expression)
          ? expression.name.text
          : '';
      const [first] = node.arguments;
      if (/^#?log$/.test(logger) && LEVELS.has(name.text) && first && ts.isObjectLiteralExpression(first))
        for (const property of first.properties)
          if (property.name && ts.isIdentifier(property.name)) found.push(property.name.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

test('every field that the server logs has a declared shape', () => {
  const files = globSync('**/*.ts', { cwd: SERVER }).filter((file) => !file.endsWith('.test.ts'));
  const undeclared = files.flatMap((file) =>
    fieldsOf(file).flatMap((field) => (field === 'err' || field in SHAPES ? [] : [`${file}: ${field}`])),
  );
  expect(undeclared, 'add them to SHAPES in sync/server/platform/logs/fields.ts').toEqual([]);
  expect(files.flatMap(fieldsOf).length).toBeGreaterThan(50);
});
