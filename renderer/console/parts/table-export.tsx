import { type ComponentChildren, render } from 'preact';
import { MOST_COUNTED } from '../../../sync/protocol/api/page.ts';
import { Button } from '../../shared/button.tsx';
import { IconDownload } from '../../shared/icons.tsx';
import { type Answer, save } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import { useWrite } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { type Column, cellOf } from './column.tsx';

interface ExportRowsProps<T> {
  /** Name of the file, without extension. */
  name: string;
  columns: readonly Column<T>[];
  chosen: readonly T[];
  /** Reads the rows that are not loaded yet. */
  all: () => Promise<Answer<readonly T[]>>;
}

/** Exports the selected rows, or all up to `MOST_COUNTED`, as CSV (RFC 4180), with the columns and texts shown. */
export function ExportRows<T>({ name, columns, chosen, all }: ExportRowsProps<T>) {
  const { busy, error, run } = useWrite();
  const write = async (): Promise<Answer<number>> => {
    const answer = chosen.length > 0 ? { ok: true as const, value: chosen } : await all();
    if (!answer.ok) return answer;
    const { stringify } = await import('csv-stringify/browser/esm/sync');
    const texts = columns.map((c) => [c.label, ...answer.value.map((row) => textOf([cellOf(c, row), c.below?.(row)]))]);
    // Leave out columns without text, such as buttons.
    const filled = texts.filter(([, ...cells]) => cells.some((text) => text !== ''));
    const lines = ['', ...answer.value].map((_, i) => filled.map((column) => column[i]));
    save(new Blob([stringify(lines, { bom: true, escape_formulas: true })], { type: 'text/csv' }), `${name}.csv`);
    return { ok: true, value: answer.value.length };
  };
  return (
    <>
      <ErrorNote error={error} />
      <Button
        size="small"
        icon={<IconDownload />}
        label={t(chosen.length > 0 ? 'table.exportChosen' : 'table.export')}
        disabled={busy}
        onClick={() => void run(write, { say: said })}
      />
    </>
  );
}

const said = (count: number): string =>
  count < MOST_COUNTED ? t('table.exported', { count }) : t('table.exportedMost', { number: count });

/** Returns a cell's text, without that of its controls. */
function textOf(content: ComponentChildren): string {
  const host = document.createElement('div');
  render(<div>{content}</div>, host);
  for (const control of host.querySelectorAll('button, input, select')) control.remove();
  const walk = document.createTreeWalker(host, NodeFilter.SHOW_TEXT);
  let text = '';
  for (let last: Node | null = null; walk.nextNode(); last = walk.currentNode.parentNode)
    text += (last && last !== walk.currentNode.parentNode ? ' ' : '') + walk.currentNode.nodeValue;
  render(null, host);
  return text.replace(/\s+/g, ' ').trim();
}
