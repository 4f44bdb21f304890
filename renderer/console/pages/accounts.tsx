import { useState } from 'preact/hooks';
import {
  type AccountShape,
  changeAccount,
  createAccount,
  createAccountLink,
  listAccounts,
  removeAccount,
} from '../../../sync/protocol/api/accounts.ts';
import { Button } from '../../shared/button.tsx';
import { api } from '../../shared/web/api.ts';
import { Dialog } from '../../shared/web/dialog.tsx';
import { SelectField, TextField, useField } from '../../shared/web/form.tsx';
import { Badge } from '../../shared/web/pieces.tsx';
import { useResource, useWrite } from '../../shared/web/resource.ts';
import { toast } from '../../shared/web/toast.tsx';
import { WriteForm } from '../../shared/web/write-form.tsx';
import { t } from '../i18n.ts';
import { Ago, Moment } from '../parts/moment.tsx';
import { PageFrame } from '../parts/page.tsx';
import { Reading, RowButton, Table } from '../parts/table.tsx';
import { Svg } from '../shell/enrol.tsx';
import type { PageProps } from './page.ts';

const ROLES = ['staff', 'admin', 'dpo', 'auditor'] as const;
type ALink = { readonly url: string; readonly svg: string; readonly expiresAt: string };

/** Who works with this console, and as what. */
export function Accounts({ role }: PageProps) {
  const found = useResource('accounts', (signal) => api(listAccounts, { signal }));
  const [adding, setAdding] = useState(false);
  const [link, setLink] = useState<ALink | null>(null);
  const { error, run } = useWrite();
  const admin = role === 'admin';
  const change = (account: AccountShape, body: object, say: () => string) =>
    run(() => api(changeAccount, { params: { account: account.id }, body }), {
      done: () => {
        toast(say);
        found.reload();
      },
    });
  const newLink = (account: AccountShape) =>
    run(() => api(createAccountLink, { params: { account: account.id } }), { done: setLink });
  const remove = (account: AccountShape) =>
    run(() => api(removeAccount, { params: { account: account.id } }), {
      ask: { title: t('accounts.remove'), text: t('accounts.removeText'), danger: true, word: account.email ?? '' },
      say: () => t('accounts.removed'),
      done: found.reload,
    });
  return (
    <PageFrame
      title={t('accounts.nav')}
      lead={t('accounts.lead')}
      actions={
        admin && (
          <Button kind="primary" onClick={() => setAdding(true)}>
            {t('accounts.add')}
          </Button>
        )
      }
    >
      <Reading of={found} rows={5} error={error} />
      {found.value && (
        <div class="card table-card">
          <Table
            caption={t('accounts.nav')}
            rows={found.value.accounts}
            rowKey={(a) => a.id}
            columns={[
              { label: t('people.email'), heads: true, cell: (a) => <span dir="ltr">{a.email ?? t('noEmail')}</span> },
              { label: t('accounts.role'), cell: (a) => t(`role.${a.role}`) },
              {
                label: t('devices.statusLabel'),
                cell: (a) => (
                  <Badge kind={a.enrolled && !a.disabledAt ? 'good' : undefined}>
                    {t(a.disabledAt ? 'accounts.disabled' : a.enrolled ? 'accounts.ready' : 'accounts.pending')}
                  </Badge>
                ),
              },
              { label: t('accounts.signedIn'), cell: (a) => <Ago at={a.signedInAt} /> },
              {
                when: admin,
                label: t('attention.do'),
                cell: (a) =>
                  a.email === null ? (
                    <span class="muted">–</span>
                  ) : (
                    <>
                      <RowButton onClick={() => void newLink(a)}>{t('accounts.link')}</RowButton>
                      <RowButton
                        onClick={() =>
                          void change(a, { disabled: !a.disabledAt }, () =>
                            t(a.disabledAt ? 'accounts.enabled' : 'accounts.isDisabled'),
                          )
                        }
                      >
                        {t(a.disabledAt ? 'accounts.enable' : 'accounts.disable')}
                      </RowButton>
                      <RowButton onClick={() => void remove(a)}>{t('accounts.remove')}</RowButton>
                    </>
                  ),
              },
            ]}
          />
        </div>
      )}
      {adding && (
        <Dialog title={t('accounts.add')} onClose={() => setAdding(false)}>
          <Add
            onDone={(made) => {
              setLink(made);
              found.reload();
            }}
          />
        </Dialog>
      )}
      {link && (
        <Dialog title={t('accounts.link')} onClose={() => setLink(null)}>
          <div class="stack">
            <p>{t('accounts.linkText')}</p>
            <div class="qr">
              <Svg text={link.svg} label={t('people.linkQr')} />
            </div>
            <p dir="ltr" class="long-text">
              {link.url}
            </p>
            <p class="muted small">
              {t('people.until')} <Moment at={link.expiresAt} />
            </p>
          </div>
        </Dialog>
      )}
    </PageFrame>
  );
}

function Add({ onDone }: { onDone: (link: ALink) => void }) {
  const email = useField('');
  const [role, setRole] = useState<(typeof ROLES)[number]>('staff');
  return (
    <WriteForm
      write={() => api(createAccount, { body: { email: email.value, role } })}
      done={(value) => onDone(value.link)}
      ready={email.value.trim() !== ''}
      action={t('accounts.add')}
    >
      <p class="muted">{t('accounts.addText')}</p>
      <TextField label={t('people.email')} type="email" required dir="ltr" {...email} />
      <SelectField
        label={t('accounts.role')}
        hint={t(`accounts.may.${role}`)}
        value={role}
        onValue={(one) => setRole(one as typeof role)}
        options={ROLES.map((r) => [r, t(`role.${r}`)])}
      />
    </WriteForm>
  );
}
