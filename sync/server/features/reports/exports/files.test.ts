import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_XLSX_ROWS } from '../../../../protocol/api/exports.ts';
import { guarded, type Row, type Table, toCsv, toXlsx } from './files.ts';

const HOSTILE = [
  '=1+1',
  '+1',
  '-1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  '\n=1',
  ' =cmd|" /C calc"!A0',
  '＝1',
  '＋1',
  '－1',
  '＠1',
];

async function* one(rows: readonly Row[]) {
  yield rows;
}
const table = (columns: string[], rows: readonly Row[]): Table => ({ title: 'Test', columns, pages: one(rows) });

async function bytesOf(file: AsyncIterable<Uint8Array | string>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of file) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

/** Reads a file with an independent implementation. */
function python(script: string, name: string, bytes: Uint8Array): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'sp-export-'));
  try {
    writeFileSync(join(folder, name), bytes);
    return JSON.parse(execFileSync('python3', ['-c', script, join(folder, name)], { encoding: 'utf8' }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const READ_CSV = `import csv, json, sys
print(json.dumps(list(csv.reader(open(sys.argv[1], encoding='utf-8-sig', newline=''), strict=True))))`;
const READ_XLSX = `import json, sys, zipfile, xml.etree.ElementTree as E
z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
n = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
s = [''.join(t.text or '' for t in i.iter(n + 't')) for i in E.fromstring(z.read('xl/sharedStrings.xml'))]
w = E.fromstring(z.read('xl/worksheets/sheet1.xml'))
print(json.dumps([[[c.get('t'), c.find(n + 'f') is not None, s[int(c.find(n + 'v').text)] if c.get('t') == 's' else c.findtext(n + 'v')] for c in r] for r in w.iter(n + 'row')]))`;

test('text that any spreadsheet would treat as a formula is plain text in a CSV file', async () => {
  const rows = python(
    READ_CSV,
    'a.csv',
    await bytesOf(
      toCsv(
        table(
          ['Name'],
          HOSTILE.map((h) => [h]),
        ),
      ),
    ),
  ) as string[][];
  expect(rows.slice(1).map(([cell]) => cell)).toEqual(HOSTILE.map((h) => `'${h}`));
});

test('any name survives a CSV file, and no cell begins with a formula', async () => {
  const text = fc.string({ unit: 'binary', maxLength: 20 }).map((s) => s.replaceAll('\0', ''));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 8 }), async (names) => {
      const rows = python(READ_CSV, 'a.csv', await bytesOf(toCsv(table(['a', 'b'], names)))) as string[][];
      expect(rows.slice(1)).toEqual(names.map((row) => row.map(guarded)));
      for (const cell of rows.flat()) expect(cell).not.toMatch(/^\s*[=+\-@]/);
    }),
    { numRuns: 15 },
  );
});

test('numbers, times and empty cells', async () => {
  const csv = await bytesOf(toCsv(table(['n', 't', 'e'], [[-5, new Date('2026-07-20T10:00:00Z'), null]])));
  expect(csv.toString('utf8')).toBe('\uFEFFn,t,e\r\n-5,2026-07-20T10:00:00.000Z,\r\n');
});

test('a workbook stores text as text, never as a formula', async () => {
  const bytes = await bytesOf(
    toXlsx(
      table(
        ['Name', 'n'],
        [...HOSTILE, 'a\u0001b', 'x\uD800'].map((h) => [h, 1]),
      ),
    ),
  );
  const rows = python(READ_XLSX, 'a.xlsx', bytes) as [string | null, boolean, string][][];
  expect(rows).toHaveLength(HOSTILE.length + 3);
  for (const [[type, formula]] of rows as [[string, boolean, string]][]) expect([type, formula]).toEqual(['s', false]);
  expect(rows[1]![0]![2]).toBe('=1+1');
  expect(rows.at(-2)![0]![2]).toBe('a?b');
});

test('a workbook that would be too large is refused with advice on what to do', async () => {
  const rows = Array.from({ length: MAX_XLSX_ROWS + 1 }, () => ['a']);
  await expect(bytesOf(toXlsx(table(['Name'], rows)))).rejects.toMatchObject({
    code: 'export-too-large',
    nextStep: expect.stringMatching(/CSV/),
  });
});
