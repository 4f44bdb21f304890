import { useState } from 'preact/hooks';
import * as accounts from '../../../sync/protocol/api/accounts.ts';
import { listAlerts } from '../../../sync/protocol/api/alerts.ts';
import { labelled, listed } from '../../shared/i18n.ts';
import { api } from '../../shared/web/api.ts';
import { SelectField, TextField, useField } from '../../shared/web/form.tsx';
import { Badge, Dialog, DialogButton } from '../../shared/web/pieces.tsx';
import { useRead, useResource, useWrite, WriteForm } from '../../shared/web/resource.tsx';
import { t } from '../i18n.ts';
import { Ago, Email } from '../parts/labels.tsx';
import { PageFrame, type PageProps } from '../parts/page.tsx';
import { Reading } from '../parts/reading.tsx';
import { RowButton } from '../parts/row-button.tsx';
import { DataTable } from '../parts/table.tsx';
import { MadeLink, type OneTimeLink } from '../shell/enrol.tsx';
import { Sessions } from './accounts/sessions.tsx';
import { AlertsOf } from './alerts.tsx';

const ROLES = ['staff', 'admin', 'dpo', 'auditor'] as const;

const stateOf = ({ disabledAt, enrolled }: accounts.AccountShape) =>
  disabledAt ? 'disabled' : enrolled ? 'ready' : 'pending';

const nameOf = ({ email }: accounts.AccountShape): string => email ?? t('fleet.by.operator');

export function Accounts({ role }: PageProps) {
  const found = useRead(accounts.listAccounts);
  const [link, setLink] = useState<{ readonly email: string | null; readonly made: OneTimeLink } | null>(null);
  const { error, run } = useWrite();
  const admin = role === 'admin';
  const alerts = useResource(`alerts ${admin}`, (by) =>
    admin ? api(listAlerts, by) : Promise.resolve({ ok: true as const, value: { accounts: [] } }),
  );
  const topicsLabel = (account: string): string => {
    const topics = alerts.value?.accounts.find((one) => one.account === account)?.topics ?? [];
    return listed(topics.map((topic) => t(`alerts.topic.${topic}`)));
  };
  const toggle = ({ id, email, disabledAt }: accounts.AccountShape) =>
    run(() => api(accounts.changeAccount, { params: { account: id }, body: { disabled: !disabledAt } }), {
      ask: disabledAt === null ? () => askToDisable(id) : undefined,
      say: () => t(disabledAt ? 'accounts.enabled' : 'accounts.isDisabled'),
      of: email ?? undefined,
      done: found.reload,
    });
  const newLink = (account: accounts.AccountShape) =>
    run(() => api(accounts.createAccountLink, { params: { account: account.id } }), {
      done: (made) => setLink({ email: account.email, made }),
    });
  const remove = (account: accounts.AccountShape) =>
    run(() => api(accounts.removeAccount, { params: { account: account.id } }), {
      ask: {
        title: t('accounts.remove'),
        text: t('accounts.removeText'),
        danger: true,
        word: account.email ?? t('people.eraseWord'),
      },
      say: () => t('accounts.removed'),
      of: account.email ?? undefined,
      done: found.reload,
    });
  return (
    <PageFrame
      of="accounts"
      actions={
        admin && (
          <DialogButton kind="primary" label={t('accounts.add')}>
            <Add
              onDone={(email, made) => {
                setLink({ email, made });
                found.reload();
              }}
            />
          </DialogButton>
        )
      }
    >
      <Reading of={[found, alerts]} rows={5} error={error} />
      {found.value && (
        <div class="card table-card">
          <DataTable
            id="accounts"
            caption={t('accounts.nav')}
            rows={found.value.accounts}
            rowKey={(a) => a.id}
            search="here"
            columns={{
              email: {
                label: t('people.email'),
                heads: true,
                sort: (a) => a.email,
                cell: (a) => (a.email ? <Email of={a.email} /> : nameOf(a)),
              },
              role: { label: t('accounts.role'), choice: (a) => [a.role, t(`role.${a.role}`)] },
              status: {
                label: t('devices.statusLabel'),
                choice: (a) => [stateOf(a), t(`accounts.${stateOf(a)}`)],
                cell: (a) => (
                  <Badge kind={stateOf(a) === 'ready' ? 'good' : undefined}>{t(`accounts.${stateOf(a)}`)}</Badge>
                ),
              },
              alerts: {
                when: admin,
                label: t('alerts.nav'),
                sort: (a) => topicsLabel(a.id),
                // Empty until the topics are loaded.
                cell: (a) => alerts.value && (topicsLabel(a.id) || '–'),
              },
              signedInAt: {
                label: t('accounts.signedIn'),
                sort: (a) => a.signedInAt,
                cell: (a) => <Ago at={a.signedInAt} />,
              },
              do: {
                when: admin,
                label: t('attention.do'),
                cell: (a) => (
                  <>
                    {a.email !== null && a.role !== 'auditor' && (
                      <DialogButton
                        as={RowButton}
                        label={t('alerts.nav')}
                        title={t('alerts.of', { email: a.email })}
                        wide
                      >
                        <div class="stack">
                          <AlertsOf account={a.id} onSaved={alerts.reload} />
                        </div>
                      </DialogButton>
                    )}
                    {!a.disabledAt && (
                      <DialogButton
                        as={RowButton}
                        label={t('accounts.sessions')}
                        title={labelled(t('accounts.sessions'), nameOf(a))}
                        wide
                      >
                        <Sessions account={a.id} name={nameOf(a)} />
                      </DialogButton>
                    )}
                    {a.email !== null && !a.disabledAt && (
                      <RowButton onClick={() => void newLink(a)}>{t('accounts.link')}</RowButton>
                    )}
                    {a.email !== null && (
                      <RowButton onClick={() => void toggle(a)}>
                        {t(a.disabledAt ? 'accounts.enable' : 'accounts.disable')}
                      </RowButton>
                    )}
                    {a.email !== null && a.disabledAt && (
                      <RowButton onClick={() => void remove(a)}>{t('accounts.remove')}</RowButton>
                    )}
                  </>
                ),
              },
            }}
          />
        </div>
      )}
      {link && (
        <Dialog title={link.email ?? t('accounts.link')} onClose={() => setLink(null)}>
          <div class="stack">
            <p>{t('accounts.linkText')}</p>
            <MadeLink link={link.made} />
          </div>
        </Dialog>
      )}
    </PageFrame>
  );
}

/** Asks before an account is disabled: of how many sessions, and whether of the user's own. */
async function askToDisable(account: string) {
  const found = await api(accounts.listAccountSessions, { params: { account } });
  if (!found.ok) return found;
  const { sessions } = found.value;
  const text = [
    sessions.length > 0 && t('accounts.endsSessions', { count: sessions.length }),
    t('accounts.disableText'),
    sessions.some(({ own }) => own) && t('accounts.disableOwn'),
  ];
  return { title: t('accounts.disable'), text: text.filter(Boolean).join(' '), danger: true };
}

function Add({ onDone }: { onDone: (email: string, link: OneTimeLink) => void }) {
  const email = useField('');
  const role = useField<(typeof ROLES)[number]>('staff');
  return (
    <WriteForm
      write={() => api(accounts.createAccount, { body: { email: email.value, role: role.value } })}
      done={(value) => onDone(value.account.email ?? email.value, value.link)}
      ready={email.value.trim() !== ''}
      action={t('accounts.add')}
    >
      <p class="muted">{t('accounts.addText')}</p>
      <TextField label={t('people.email')} type="email" required dir="ltr" {...email} />
      <SelectField
        label={t('accounts.role')}
        hint={t(`accounts.may.${role.value}`)}
        {...role}
        options={ROLES.map((r) => [r, t(`role.${r}`)])}
      />
    </WriteForm>
  );
}
