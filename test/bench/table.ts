import { isMet } from './harness.ts';
import type { BenchGroup, BenchLine } from './types.ts';

/** A readable table that is printed line by line, since a group takes minutes. */
export class LineTable {
  readonly #out: (text: string) => void;
  #leftOut = '';

  constructor(out: (text: string) => void) {
    this.#out = out;
  }

  begin(group: BenchGroup): void {
    this.#out(`\n${group.name}: ${group.describe}`);
    this.#out(row('', 'ours', 'reference', 'ratio', 'bar', ''));
  }

  line(line: BenchLine): void {
    const met = isMet(line);
    this.#out(
      row(
        line.name,
        `${formatted(line.ours)} ${line.unit}`,
        line.reference === null ? '' : `${line.reference} ${formatted(line.referenceValue!)}`,
        line.ratio === null ? '' : `${formatted(line.ratio)}×`,
        line.bar === undefined ? '' : `${line.better === 'higher' ? '≥' : '≤'} ${line.bar}`,
        met === null ? '' : met ? 'met' : 'MISSED',
      ),
    );
    // Once for consecutive lines with the same text.
    if (line.leavesOut && line.leavesOut !== this.#leftOut) this.#out(`      leaves out: ${line.leavesOut}`);
    this.#leftOut = line.leavesOut ?? '';
  }
}

function row(name: string, ours: string, reference: string, ratio: string, bar: string, met: string): string {
  const text = `  ${name.padEnd(58)} ${ours.padStart(20)}   ${reference.padEnd(40)} ${ratio.padStart(9)}  ${bar.padEnd(8)} ${met}`;
  return text.trimEnd();
}

/** Three significant digits, without an exponent between a thousandth and a million. */
export function formatted(value: number): string {
  if (value === 0 || Number.isInteger(value)) return value.toLocaleString('en');
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4) return value.toExponential(2);
  return value.toLocaleString('en', { maximumFractionDigits: Math.max(0, 2 - Math.floor(Math.log10(size))) });
}
