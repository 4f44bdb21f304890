import type { ApiError } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import type { Resource } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';

type Read = Omit<Resource<unknown>, 'replace'>;

interface ReadingProps {
  /** What is read. Of several, the first one is waited for; retrying repeats those that failed. */
  of: Read | readonly Read[];
  rows: number;
  error?: ApiError | null;
}

/** Placeholder rows until something is read, or the error. @param error of a write, which takes precedence */
export function Reading({ of, rows, error }: ReadingProps) {
  const all = [of].flat();
  const failed = all.filter((one) => one.error !== null);
  const again = () => {
    for (const one of failed) one.reload();
  };
  return (
    <>
      <ErrorNote error={error ?? failed[0]?.error ?? null} onRetry={error ? undefined : again} />
      {all[0]!.value === null && all[0]!.loading && <Skeleton rows={rows} />}
    </>
  );
}

/** Placeholders for rows. */
export function Skeleton({ rows }: { rows: number }) {
  return (
    <div class="skeleton">
      <p class="sr-only" role="status">
        {t('table.loading')}
      </p>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class="skeleton-row" aria-hidden="true" />
      ))}
    </div>
  );
}
