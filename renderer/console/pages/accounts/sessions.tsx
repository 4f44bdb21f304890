import * as accounts from '../../../../sync/protocol/api/accounts.ts';
import { Button } from '../../../shared/button.tsx';
import { labelled } from '../../../shared/i18n.ts';
import { api } from '../../../shared/web/api.ts';
import { Badge } from '../../../shared/web/pieces.tsx';
import { useRead, useWrite } from '../../../shared/web/resource.tsx';
import { t } from '../../i18n.ts';
import { Ago, Moment } from '../../parts/labels.tsx';
import { Reading } from '../../parts/reading.tsx';
import { RowButton } from '../../parts/row-button.tsx';
import { DataTable } from '../../parts/table.tsx';
import { browserOf } from './browser.ts';

/** Where an account is signed in. Any session except the reader's own can be ended. */
export function Sessions({ account, name }: { account: string; name: string }) {
  const params = { account };
  const found = useRead(accounts.listAccountSessions, { params });
  const { busy, error, run } = useWrite();
  const sessions = found.value?.sessions ?? [];
  const others = sessions.filter(({ own }) => !own);
  const end = ({ id, ip, userAgent }: accounts.AccountSession) =>
    run(() => api(accounts.endAccountSession, { params: { ...params, session: id } }), {
      ask: {
        title: t('accounts.endSession'),
        text: t('accounts.endSessionText', { from: [ip, browserOf(userAgent)].filter(Boolean).join(' · ') || '–' }),
        danger: true,
      },
      say: () => t('accounts.sessionsEnded', { count: 1 }),
      of: name,
      done: found.reload,
    });
  const endAll = () =>
    run(() => api(accounts.endAccountSessions, { params }), {
      ask: {
        title: t('accounts.endSessions'),
        text: `${t('accounts.endsSessions', { count: others.length })} ${t('accounts.endSessionsText')}`,
        danger: true,
      },
      say: ({ ended }) => t('accounts.sessionsEnded', { count: ended }),
      of: name,
      done: found.reload,
    });
  return (
    <div class="stack">
      <Reading of={found} rows={2} error={error} />
      {found.value && sessions.length === 0 && <p class="muted">{t('accounts.noSessions')}</p>}
      {sessions.length > 0 && (
        <DataTable
          beside
          caption={labelled(t('accounts.sessions'), name)}
          rows={sessions}
          rowKey={(s) => s.id}
          columns={{
            from: {
              label: t('accounts.sessionFrom'),
              heads: true,
              cell: (s) => (
                <>
                  <bdi dir="ltr">{s.ip ?? '–'}</bdi>
                  {s.userAgent && (
                    <p class="muted small" title={s.userAgent}>
                      <bdi dir="ltr">{browserOf(s.userAgent) ?? s.userAgent}</bdi>
                    </p>
                  )}
                </>
              ),
            },
            since: { label: t('accounts.sessionSince'), names: true, cell: (s) => <Moment at={s.startedAt} /> },
            used: { label: t('accounts.sessionUsed'), cell: (s) => <Ago at={s.lastUsedAt} /> },
            do: {
              label: t('attention.do'),
              cell: (s) =>
                s.own ? (
                  <Badge>{t('accounts.sessionOwn')}</Badge>
                ) : (
                  <RowButton disabled={busy} onClick={() => void end(s)}>
                    {t('accounts.endSession')}
                  </RowButton>
                ),
            },
          }}
        />
      )}
      {others.length > 1 && (
        <div class="actions start">
          <Button kind="danger" label={t('accounts.endSessions')} disabled={busy} onClick={() => void endAll()} />
        </div>
      )}
    </div>
  );
}
