import { createContext } from 'preact';
import { useContext, useId, useState } from 'preact/hooks';
import { Button, type ButtonProps } from '../../shared/button.tsx';
import { labelled } from '../../shared/i18n.ts';
import type { Answer, ApiError } from '../../shared/web/api.ts';
import type { Question } from '../../shared/web/confirm.tsx';
import { ErrorNote } from '../../shared/web/form.tsx';
import { useWrite } from '../../shared/web/resource.tsx';
import { errorText } from '../../shared/web/say.ts';
import { toast } from '../../shared/web/toast.tsx';
import { t } from '../i18n.ts';

interface BulkButtonProps<T, A> extends Pick<ButtonProps, 'kind' | 'icon'> {
  label: string;
  rows: readonly T[];
  /** The row's name, to list it if the action failed. */
  nameOf: (row: T) => string;
  write: (row: T) => Promise<Answer<A>>;
  /** Undoes the action for a row. */
  undo?: (row: T, answer: A) => Promise<Answer<unknown>>;
  ask?: Question;
  /** Called after the action, even if it failed for some rows. */
  done: () => void;
}

/** Deselects rows for which an action succeeded. */
export const Unchoose = createContext<(rows: readonly unknown[]) => void>(() => undefined);

/** A row for which the action failed, and why. */
interface Left<T> {
  readonly row: T;
  readonly error: ApiError;
}

/** Most failures that are listed individually. */
const MOST_NAMED = 10;
/** Errors after which the action would fail for all rows. */
const FOR_ALL = new Set(['no-session', 'second-factor-missing', 'not-allowed', 'too-many-requests', 'unreachable']);

/** Performs an action on the selected rows, one after the other. Rows for which it fails stay selected. */
export function BulkButton<T, A>({ rows, nameOf, write, undo, ask, done, label, ...button }: BulkButtonProps<T, A>) {
  const { busy, error, run } = useWrite();
  const [result, setResult] = useState<{ done: number; left: readonly Left<T>[] } | null>(null);
  const unchoose = useContext(Unchoose);
  const each = async (): Promise<Answer<readonly (readonly [T, A])[]>> => {
    const left: Left<T>[] = [];
    const written: [T, A][] = [];
    setResult(null);
    for (const [i, row] of rows.entries()) {
      const answer = await write(row);
      if (answer.ok) {
        written.push([row, answer.value]);
        continue;
      }
      left.push({ row, error: answer.error });
      if (!FOR_ALL.has(answer.error.code)) continue;
      left.push(...rows.slice(i + 1).map((other) => ({ row: other, error: answer.error })));
      break;
    }
    if (left.length === rows.length && left.every((one) => one.error.code === left[0]!.error.code))
      return { ok: false, error: left[0]!.error };
    if (left.length > 0) setResult({ done: written.length, left });
    unchoose(written.map(([row]) => row));
    done();
    return { ok: true, value: written };
  };
  const takeBack = async (written: readonly (readonly [T, A])[]): Promise<ApiError | null> => {
    let error: ApiError | null = null;
    for (const [row, value] of written) {
      const answer = await undo!(row, value);
      if (!answer.ok) error ??= answer.error;
    }
    done();
    return error;
  };
  const said = (written: readonly (readonly [T, A])[]) => {
    if (written.length === 0) return;
    const what = () => labelled(label, t('table.bulkDone', { count: written.length }));
    toast(what, undo && (() => takeBack(written)));
  };
  return (
    <>
      <ErrorNote error={error} />
      {result && (
        <div class="note" data-kind="bad" role="alert">
          <div>
            <p class="note-title">
              {t('table.bulkPart', { done: result.done, count: result.done + result.left.length })}
            </p>
            <ul>
              {result.left.slice(0, MOST_NAMED).map(({ row, error: why }, i) => (
                <li key={i}>
                  <bdi>{nameOf(row)}</bdi>
                  {labelled('', errorText(why).title)}
                </li>
              ))}
            </ul>
            {result.left.length > MOST_NAMED && (
              <p>{t('kioskStaff.more', { count: result.left.length - MOST_NAMED })}</p>
            )}
          </div>
        </div>
      )}
      <Button
        size="small"
        {...button}
        label={label}
        disabled={busy}
        onClick={() => void run(each, { ask, done: said })}
      />
    </>
  );
}

/** Ids of the elements that name the surrounding row, except its current cell; empty outside of a row. */
export const RowName = createContext('');

/**
 * A button in a row of a table or list. Its accessible name includes the row's, so that screen reader users know which row it
 * is about.
 *
 * @param of in a list: id of the element that names the row
 */
export function RowButton({ of, ...button }: ButtonProps & { of?: string }) {
  const id = useId();
  const named = useContext(RowName);
  const names = of ?? named;
  return <Button id={id} aria-labelledby={names ? `${id} ${names}` : undefined} {...button} />;
}
