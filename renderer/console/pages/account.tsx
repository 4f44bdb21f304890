import { useContext, useState } from 'preact/hooks';
import * as accounts from '../../../sync/protocol/api/accounts.ts';
import { Button } from '../../shared/button.tsx';
import { api } from '../../shared/web/api.ts';
import { ErrorNote, Form, Submit, TextField, useField } from '../../shared/web/form.tsx';
import { CloseDialog, DialogButton, Panel } from '../../shared/web/pieces.tsx';
import { useRead, useWrite } from '../../shared/web/resource.tsx';
import { toast } from '../../shared/web/toast.tsx';
import { t } from '../i18n.ts';
import { PageFrame } from '../parts/page.tsx';
import { CodeField, NewPasswordField, PasswordField } from '../parts/password-field.tsx';
import { Reading } from '../parts/reading.tsx';
import { Codes, Enrolment, SecondFactor } from '../shell/enrol.tsx';
import { session } from '../state/session.ts';

/** The user's own sign-in credentials, and where they are signed in. */
export function Account() {
  const own = useRead(accounts.getOwnAccount);
  const reload = () => {
    own.reload();
    // The menu shows the account's name.
    void session.loadSession();
  };
  const { busy, error, run } = useWrite();
  const leave = () =>
    run(() => session.signOut(true), {
      ask: { title: t('account.everywhere'), text: t('account.everywhereText') },
    });
  const account = own.value;
  return (
    <PageFrame of="account">
      <Reading of={own} rows={4} />
      {account &&
        (account.hasPassword && account.hasSecondFactor ? (
          <Complete account={account} reload={reload} />
        ) : (
          <section class="card panel narrow">
            <Enrolment own={account} onDone={reload} />
          </section>
        ))}
      <Panel title={t('account.everywhere')}>
        <p class="muted">{t('account.everywhereText')}</p>
        <ErrorNote error={error} />
        <div class="actions start">
          <Button label={t('account.everywhere')} onClick={() => void leave()} disabled={busy} />
        </div>
      </Panel>
    </PageFrame>
  );
}

type Task = 'password' | 'email' | 'app' | 'codes';

function Complete({ account, reload }: { account: accounts.OwnAccount; reload: () => void }) {
  const few = account.recoveryCodesLeft < 3;
  const done = (what: Task) => {
    reload();
    toast(() => t(`account.${what}Done`));
  };
  const item = (name: Task, value: string, tone?: string) => (
    <li class="setting">
      <div>
        <p class="setting-name">{t(`account.${name}`)}</p>
        <p class="muted" data-tone={tone}>
          {value}
        </p>
      </div>
      <DialogButton label={t(`account.${name}Change`)}>
        <Change task={name} onDone={() => done(name)} />
      </DialogButton>
    </li>
  );
  return (
    <Panel title={t('account.signIn')}>
      <ul>
        {item('email', account.account.email ?? '')}
        {item('password', t('account.set'))}
        {item('app', t('account.set'))}
        {item('codes', t('account.codesLeft', { count: account.recoveryCodesLeft }), few ? 'warn' : undefined)}
      </ul>
    </Panel>
  );
}

/** Asks for the current password and code first, so that an unattended session can't change the sign-in. */
function Change({ task, onDone }: { task: Task; onDone: () => void }) {
  const current = useField('');
  const code = useField('');
  const next = useField('');
  const [proven, setProven] = useState(false);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const { busy, error, run } = useWrite();
  const close = useContext(CloseDialog);
  const done = () => {
    close();
    onDone();
  };
  const proof = { current: current.value, code: code.value };
  const submit = async () => {
    if (task === 'app') return setProven(true);
    if (task === 'codes') {
      await run(() => api(accounts.renewRecoveryCodes, { body: proof }), { done: (made) => setCodes(made.codes) });
      return;
    }
    await run(() => api(accounts.changeOwnSignIn, { body: { ...proof, [task]: next.value } }), { done });
  };
  if (codes) return <Codes codes={codes} onDone={done} />;
  if (proven) return <SecondFactor proof={proof} onSet={setCodes} onAgain={() => setProven(false)} />;
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <p class="muted">{t('account.proof')}</p>
      <ErrorNote error={error} />
      <PasswordField label={t('account.current')} {...current} />
      <CodeField {...code} />
      {task === 'password' && <NewPasswordField {...next} />}
      {task === 'email' && (
        <TextField label={t('account.newEmail')} type="email" autocomplete="off" dir="ltr" required {...next} />
      )}
      <Submit disabled={busy}>{t('enrol.next')}</Submit>
    </Form>
  );
}
