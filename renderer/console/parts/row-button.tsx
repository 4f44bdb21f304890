import { createContext } from 'preact';
import { useContext, useId } from 'preact/hooks';
import { Button, type ButtonProps } from '../../shared/button.tsx';
import type { Answer } from '../../shared/web/api.ts';
import type { Question } from '../../shared/web/confirm.tsx';
import { ErrorNote } from '../../shared/web/form.tsx';
import { useWrite } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';

interface BulkButtonProps<T, A> extends Pick<ButtonProps, 'kind' | 'icon'> {
  label: string;
  rows: readonly T[];
  write: (row: T) => Promise<Answer<A>>;
  ask?: Question;
  /** Also after only some were done. */
  done: () => void;
}

/** Does one thing with each of the rows that were chosen, one after the other, as far as it goes. */
export function BulkButton<T, A>({ rows, write, ask, done, label, ...button }: BulkButtonProps<T, A>) {
  const { busy, error, run } = useWrite();
  const each = async (): Promise<Answer<number>> => {
    for (const row of rows) {
      const answer = await write(row);
      if (!answer.ok) {
        done();
        return answer;
      }
    }
    return { ok: true, value: rows.length };
  };
  return (
    <>
      <ErrorNote error={error} />
      <Button
        size="small"
        {...button}
        label={label}
        disabled={busy}
        onClick={() => void run(each, { ask, say: (count) => t('table.bulkDone', { count }), done })}
      />
    </>
  );
}

/** Ids of what names the row around, but for the cell around; empty: outside of a row. */
export const RowName = createContext('');

/**
 * A button of a row, of a table or a list. Its name for a screen reader goes on with what names the row: which of all the rows
 * it is about.
 *
 * @param of in a list: the id of what names the row
 */
export function RowButton({ of, ...button }: ButtonProps & { of?: string }) {
  const id = useId();
  const named = useContext(RowName);
  const names = of ?? named;
  return <Button id={id} aria-labelledby={names ? `${id} ${names}` : undefined} {...button} />;
}
