import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { z } from 'zod';
import type { Endpoint, Input, Params, Rest } from '../../../sync/protocol/api/endpoint.ts';
import { MAX_PAGE, MOST_COUNTED, PAGE } from '../../../sync/protocol/api/page.ts';
import { labelled } from '../i18n.ts';
import { type Answer, type ApiError, api, away } from './api.ts';
import { confirm, type Question } from './confirm.tsx';
import { ErrorNote, Form, Submit } from './form.tsx';
import { CloseDialog } from './pieces.tsx';
import { toast } from './toast.tsx';

/** Hooks that read the API. A value that is read again is only replaced once the new one has arrived. */

export interface Resource<T> {
  readonly value: T | null;
  readonly error: ApiError | null;
  readonly loading: boolean;
  readonly reload: () => void;
  /** Replaces the value by what a write returned, and drops a read in progress, which may be older. */
  readonly replace: (value: T) => void;
}

/** How a read is made: its abort signal, and whether the page makes it on its own. */
export interface ReadBy {
  readonly signal: AbortSignal;
  readonly idle: boolean;
}

/** How long a polled read may take beyond its interval before it is repeated, ms. */
const LONGEST_MS = 30_000;

/** Reads a value, and again whenever `key` changes. @param everyMs polling interval */
export function useResource<T>(key: string, read: (by: ReadBy) => Promise<Answer<T>>, everyMs?: number): Resource<T> {
  const [state, setState] = useState<Omit<Resource<T>, 'reload' | 'replace'>>({
    value: null,
    error: null,
    loading: true,
  });
  const [round, setRound] = useState(0);
  const last = useRef<string | null>(null);
  const reading = useRef<AbortController>(undefined);
  const ended = useRef<Promise<void>>(undefined);
  const idle = useRef(false);
  useEffect(() => {
    if (away.value) return;
    const gone = new AbortController();
    reading.current = gone;
    const other = last.current !== key;
    last.current = key;
    setState((s) => ({ value: other ? null : s.value, error: null, loading: true }));
    ended.current = read({ signal: gone.signal, idle: idle.current }).then((answer) => {
      if (gone.signal.aborted) return;
      if (answer.ok) setState({ value: answer.value, error: null, loading: false });
      else setState((s) => ({ value: s.value, error: answer.error, loading: false }));
    });
    idle.current = false;
    return () => gone.abort();
  }, [key, round, away.value]);
  useEffect(() => {
    if (everyMs === undefined || away.value) return;
    let timer = setTimeout(() => {
      const again = () => {
        if (timer === undefined) return;
        idle.current = true;
        setRound((n) => n + 1);
      };
      // A slow answer is waited for, but not one that never arrives.
      timer = setTimeout(again, LONGEST_MS);
      void ended.current?.then(again);
    }, everyMs) as ReturnType<typeof setTimeout> | undefined;
    return () => {
      clearTimeout(timer);
      timer = undefined;
    };
  }, [key, round, everyMs, away.value]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  const replace = useCallback((value: T) => {
    reading.current?.abort();
    setState({ value, error: null, loading: false });
  }, []);
  return { ...state, reload, replace };
}

/** Reads an endpoint, and again whenever its input changes. @param everyMs polling interval */
export function useRead<T, P extends Params, Q extends z.ZodType>(
  endpoint: Endpoint<P, Q, z.ZodUndefined, z.ZodType<T>>,
  ...given: [...Rest<P, Q, z.ZodUndefined>, everyMs?: number]
): Resource<T> {
  const [input, everyMs] = given as unknown as [Input<P, Q, z.ZodUndefined>?, number?];
  const read = (by: ReadBy) => api(endpoint, ...([{ ...input, ...by }] as unknown as Rest<P, Q, z.ZodUndefined>));
  return useResource(endpoint.path + JSON.stringify(input), read, everyMs);
}

/** The answer of a list with a cursor. */
export interface Paged {
  readonly items: readonly unknown[];
  readonly next: string | null;
}

export interface Pages<T, A = unknown> {
  readonly items: readonly T[];
  /** The whole first page, which also describes the list as a whole. */
  readonly first: A | null;
  readonly error: ApiError | null;
  /** `first`: nothing is loaded yet; `more`: the next page is loading. */
  readonly state: 'first' | 'more' | 'ready';
  /** Loads the next page; null if there is none. */
  readonly more: (() => void) | null;
  /** Loads all remaining rows, up to `most` rows in total; null if there are none. */
  readonly rest: ((most: number) => void) | null;
  /** Reads as far as before, so that the reader's place in a long list is kept. */
  readonly reload: () => void;
  /** Reads all rows, at most `MOST_COUNTED`, regardless of those shown. */
  readonly all: () => Promise<Answer<readonly T[]>>;
}

/**
 * Reads a list to its end, page by page, from the given cursor.
 *
 * @param most stops reading pages once it has this many rows
 */
export async function readAll<A extends Paged, P extends Params, Q extends z.ZodType>(
  endpoint: Endpoint<P, Q, z.ZodUndefined, z.ZodType<A>>,
  input: { params?: object; query?: object } & Partial<ReadBy> = {},
  most = Number.POSITIVE_INFINITY,
): Promise<Answer<All<A['items'][number], A>>> {
  const items: A['items'][number][] = [];
  let first: A | null = null;
  for (let cursor = (input.query as { cursor?: string | null } | undefined)?.cursor ?? null; ; ) {
    const asked: object = { ...input, query: { ...input.query, limit: MAX_PAGE, cursor } };
    const answer: Answer<A> = await api(endpoint, ...([asked] as unknown as Rest<P, Q, z.ZodUndefined>));
    if (!answer.ok) return answer;
    first ??= answer.value;
    items.push(...answer.value.items);
    cursor = answer.value.next;
    if (cursor === null || items.length >= most) return { ok: true, value: { items, first, next: cursor } };
  }
}

/** A list with its first page, which also describes the list as a whole. */
export interface All<T, A> {
  readonly items: readonly T[];
  readonly first: A;
  /** Null at the end of the list. */
  readonly next: string | null;
}

/**
 * Polls a whole list.
 *
 * @param everyMs interval per page, so that long lists are read less often
 */
export function useAll<A extends Paged, P extends Params, Q extends z.ZodType>(
  endpoint: Endpoint<P, Q, z.ZodUndefined, z.ZodType<A>>,
  input: { params?: object; query?: object },
  everyMs: number,
): Resource<All<A['items'][number], A>> {
  const [pages, setPages] = useState(1);
  const read = async (by: ReadBy) => {
    const answer = await readAll(endpoint, { ...input, ...by });
    if (answer.ok) setPages(Math.max(1, Math.ceil(answer.value.items.length / MAX_PAGE)));
    return answer;
  };
  return useResource(endpoint.path + JSON.stringify(input), read, everyMs * pages);
}

const NO_PAGES = { items: [], first: null, next: null, error: null, state: 'first' } as const;

/** Calls `reload` when `news` changes. @param news null: not known yet */
export function useNews(news: string | null, reload: () => void): void {
  const before = useRef(news);
  useEffect(() => {
    if (before.current !== null && before.current !== news) reload();
    before.current = news;
  }, [news, reload]);
}

/** Reads a list with a cursor. A different query starts over. */
export function usePages<A extends Paged, P extends Params, Q extends z.ZodType>(
  endpoint: Endpoint<P, Q, z.ZodUndefined, z.ZodType<A>>,
  ...[input]: Rest<P, Q, z.ZodUndefined>
): Pages<A['items'][number], A> {
  type T = A['items'][number];
  const key = endpoint.path + JSON.stringify(input);
  const [state, setState] = useState<{
    items: readonly T[];
    first: A | null;
    next: string | null;
    error: ApiError | null;
    state: Pages<T>['state'];
  }>(NO_PAGES);
  const [round, setRound] = useState(0);
  const shown = useRef<{ key: string; gone: AbortController; reading?: string | null }>(undefined);

  /** @param rows how many rows to read, as when a list is reloaded; 0: one page */
  const read = (cursor: string | null, rows = 0): void => {
    const { gone, reading } = shown.current!;
    // A page requested twice, by a press and by scrolling, is read once.
    if (cursor !== null && reading === cursor) return;
    shown.current!.reading = cursor;
    setState((s) => ({ ...s, error: null, state: cursor === null ? 'first' : 'more' }));
    const asked = { ...input, query: { ...input?.query, cursor }, signal: gone.signal };
    const page = () => api(endpoint, ...([asked] as unknown as Rest<P, Q, z.ZodUndefined>));
    const pageSize = (input?.query as { readonly limit?: number } | undefined)?.limit ?? PAGE;
    void (rows > pageSize ? readAll(endpoint, asked, rows) : page()).then((answer) => {
      if (gone.signal.aborted) return;
      shown.current!.reading = null;
      setState((s) => {
        if (!answer.ok) return { ...s, error: answer.error, state: 'ready' };
        const { items, next } = answer.value;
        const first = 'first' in answer.value ? answer.value.first : answer.value;
        const all = cursor === null ? { items, first } : { items: [...s.items, ...items], first: s.first };
        return { ...all, next, error: null, state: 'ready' };
      });
    });
  };
  const all = async (): Promise<Answer<readonly T[]>> => {
    const answer = await readAll(endpoint, input as object, MOST_COUNTED);
    return answer.ok ? { ok: true, value: answer.value.items } : answer;
  };
  useEffect(() => {
    if (away.value) return;
    const other = shown.current?.key !== key;
    const gone = new AbortController();
    shown.current = { key, gone };
    if (other) setState(NO_PAGES);
    read(null, other ? 0 : state.items.length);
    return () => gone.abort();
  }, [key, round, away.value]);
  return {
    items: state.items,
    first: state.first,
    error: state.error,
    state: state.state,
    more: state.next !== null && state.state === 'ready' ? () => read(state.next) : null,
    rest: state.next !== null && state.state === 'ready' ? (most) => read(state.next, most - state.items.length) : null,
    reload: useCallback(() => setRound((n) => n + 1), []),
    all,
  };
}

/** What to do around a write: a question before, a toast, undo and callback after. */
export interface Around<T> {
  /**
   * Nothing is written without a yes. A function first finds out whether to ask at all; if it fails, nothing is asked or
   * written.
   */
  readonly ask?: Question | (() => Promise<Question | { readonly error: ApiError } | undefined>) | undefined;
  /** The toast's text, in the page's current language. */
  readonly say?: ((value: T) => string) | undefined;
  /** Name of the item written, with which the toast begins. */
  readonly of?: string | undefined;
  /** Undoes the write from the toast. `done` is also called after that. */
  readonly undo?: ((value: T) => Promise<Answer<unknown>>) | false | undefined;
  readonly done?: ((value: T) => unknown) | undefined;
}

/** Counts writes and undos on this page, so that what depends on them is read again. */
export const writes = signal(0);

/** A write started by a button. @returns `run`: null if another write is under way or the answer was no */
export function useWrite(): {
  busy: boolean;
  error: ApiError | null;
  run: <T>(write: () => Promise<Answer<T>>, around?: Around<T>) => Promise<Answer<T> | null>;
} {
  const [state, setState] = useState<{ busy: boolean; error: ApiError | null }>({ busy: false, error: null });
  const busy = useRef(false);
  return {
    ...state,
    async run(write, { ask, say, of, undo, done } = {}) {
      if (busy.current) return null;
      busy.current = true;
      const question = typeof ask === 'function' ? await ask() : ask;
      if (question && 'error' in question) {
        busy.current = false;
        setState({ busy: false, error: question.error });
        return null;
      }
      if (question && !(await confirm(question))) {
        busy.current = false;
        return null;
      }
      setState({ busy: true, error: null });
      const answer = await write();
      busy.current = false;
      setState({ busy: false, error: answer.ok ? null : answer.error });
      if (!answer.ok) return answer;
      const { value } = answer;
      const finish = () => {
        writes.value += 1;
        done?.(value);
      };
      const takeBack =
        undo &&
        (async () => {
          const undone = await undo(value);
          finish();
          return undone.ok ? null : undone.error;
        });
      if (say) toast(() => (of ? labelled(`\u2068${of}\u2069`, say(value)) : say(value)), takeBack || undefined);
      finish();
      return answer;
    },
  };
}

/**
 * A form that writes: its fields, the error, and the button. On success it closes the surrounding dialog.
 *
 * @param ready false while there is nothing to send
 * @param keepOpen keeps the dialog open, to show the result in it
 * @param action label of the button
 */
export function WriteForm<T>({
  write,
  done,
  ready = true,
  keepOpen = false,
  action,
  danger,
  onCancel,
  children,
  ...around
}: Around<T> & {
  write: () => Promise<Answer<T>>;
  ready?: boolean;
  keepOpen?: boolean;
  action: ComponentChildren;
  danger?: boolean;
  onCancel?: () => void;
  children?: ComponentChildren;
}) {
  const { busy, error, run } = useWrite();
  const close = useContext(CloseDialog);
  const finish = (value: T) => {
    if (!keepOpen) close();
    done?.(value);
  };
  return (
    <Form class="stack" onSubmit={() => ready && void run(write, { ...around, done: finish })}>
      {children}
      <ErrorNote error={error} />
      <Submit danger={danger} disabled={busy || !ready} onCancel={onCancel}>
        {action}
      </Submit>
    </Form>
  );
}
