import type { ApiError } from '../../shared/web/api.ts';
import { ErrorNote } from '../../shared/web/form.tsx';
import type { Resource } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';

interface ReadingProps {
  of: Omit<Resource<unknown>, 'replace'>;
  rows: number;
  error?: ApiError | null;
}

/** Placeholder until something is read: rows to come, or why it can't be read. @param error of a write, which takes precedence */
export function Reading({ of, rows, error }: ReadingProps) {
  return (
    <>
      <ErrorNote error={error ?? of.error} onRetry={error ? undefined : of.reload} />
      {of.value === null && of.loading && <Skeleton rows={rows} />}
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
