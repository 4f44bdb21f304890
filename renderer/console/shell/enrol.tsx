import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import * as accounts from '../../../sync/protocol/api/accounts.ts';
import { Button } from '../../shared/button.tsx';
import { useFocus } from '../../shared/focus.ts';
import { api, away, save } from '../../shared/web/api.ts';
import { EntryCard } from '../../shared/web/entry.tsx';
import { CheckField, ErrorNote, Form, TextField, useCheck, useField } from '../../shared/web/form.tsx';
import { useRead, useWrite } from '../../shared/web/resource.tsx';
import { Leave } from '../../shared/web/start.tsx';
import { t } from '../i18n.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Moment } from '../parts/labels.tsx';
import { CodeField, NewPasswordField, PasswordField } from '../parts/password-field.tsx';
import { Skeleton } from '../parts/reading.tsx';
import { useUnsaved } from '../parts/unsaved.ts';
import { session } from '../state/session.ts';

/** First sign-in, or a forgotten password: address and password, then the second factor, then recovery codes. */
export const EnrolCard = () => (
  <EntryCard wide>
    <OwnEnrolment onDone={() => void session.loadSession()} />
    <Leave session={session} />
  </EntryCard>
);

/** Sets whatever the current account still lacks. */
export function OwnEnrolment({ onDone }: { onDone: () => void }) {
  const own = useRead(accounts.getOwnAccount);
  return (
    <>
      {own.value ? <Enrolment own={own.value} onDone={onDone} /> : <Skeleton rows={3} />}
      <ErrorNote error={own.error} onRetry={own.reload} />
    </>
  );
}

/** The remaining steps. Also used on the account's own page, after signing in by the server's link. */
export function Enrolment({ own, onDone }: { own: accounts.OwnAccount; onDone: () => void }) {
  const [account, setAccount] = useState(own);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  /** What a signed-in session has to give again. A session from a link need not. */
  const [current, setCurrent] = useState<string | null>(null);
  useEffect(() => {
    if (away.value) setCurrent(null);
  }, [away.value]);
  const [forgotten] = useState(own.hasPassword && own.hasSecondFactor);
  const step = codes ? 3 : forgotten || !account.hasPassword ? 1 : 2;
  const head = useFocus<HTMLHeadingElement>(step);
  // The account's own page has a title already.
  const Title = session.page.value !== null ? 'h2' : 'h1';
  return (
    <>
      <div>
        {!forgotten && <p class="muted small">{t('enrol.step', { step, of: 3 })}</p>}
        <Title ref={head} tabIndex={-1}>
          {t(forgotten ? 'enrol.forgotten' : `enrol.title${step}`)}
        </Title>
      </div>
      {step === 1 && (
        <Password
          account={account}
          withCode={forgotten}
          onSet={(next, password) => {
            if (forgotten) return onDone();
            setCurrent(password);
            setAccount(next);
          }}
        />
      )}
      {step === 2 && current === null && session.page.value !== null && <Present onGiven={setCurrent} />}
      {step === 2 && (current !== null || session.page.value === null) && (
        <SecondFactor
          proof={current === null ? {} : { current }}
          onSet={setCodes}
          onAgain={current === null ? undefined : () => setCurrent(null)}
        />
      )}
      {codes && <Codes codes={codes} onDone={onDone} />}
    </>
  );
}

interface PasswordProps {
  account: accounts.OwnAccount;
  withCode: boolean;
  onSet: (account: accounts.OwnAccount, password: string) => void;
}

function Password({ account, withCode, onSet }: PasswordProps) {
  const email = useField(account.account.email ?? '');
  const password = useField('');
  const again = useField('');
  const code = useField('');
  const [unequal, setUnequal] = useState(false);
  const { busy, error, run } = useWrite();
  const submit = async () => {
    setUnequal(password.value !== again.value);
    if (password.value !== again.value) return;
    const body = {
      ...(email.value !== account.account.email && { email: email.value }),
      password: password.value,
      ...(withCode && { code: code.value }),
    };
    await run(() => api(accounts.changeOwnSignIn, { body }), { done: (next) => onSet(next, password.value) });
  };
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <ErrorNote error={error} />
      <TextField
        label={t('signIn.email')}
        type="email"
        autocomplete="username"
        dir="ltr"
        required
        {...email}
        readOnly={account.account.email !== null}
      />
      <NewPasswordField {...password} />
      <PasswordField label={t('enrol.again')} error={unequal ? t('enrol.unequal') : undefined} {...again} fresh />
      {withCode && <CodeField {...code} />}
      <Button label={t(withCode ? 'enrol.save' : 'enrol.next')} submit kind="primary" disabled={busy} />
    </Form>
  );
}

/** Asks for the password again, if someone left between the steps. */
function Present({ onGiven }: { onGiven: (password: string) => void }) {
  const password = useField('');
  return (
    <Form class="stack" onSubmit={() => onGiven(password.value)}>
      <PasswordField label={t('account.current')} {...password} />
      <Button label={t('enrol.next')} submit kind="primary" />
    </Form>
  );
}

/**
 * Shows a new secret, which one of its codes confirms.
 *
 * @param proof what a signed-in session must give again
 * @param onAgain asks for that once more, in case it was mistyped
 */
export function SecondFactor({
  onSet,
  onAgain,
  proof = {},
}: {
  onSet: (codes: readonly string[]) => void;
  onAgain?: (() => void) | undefined;
  proof?: { current?: string; code?: string };
}) {
  const [offer, setOffer] = useState<accounts.TotpOffered | null>(null);
  const code = useField('');
  const { busy, error, run } = useWrite();
  const ask = () => void run(() => api(accounts.offerTotp, { body: proof }), { done: setOffer });
  // Request a secret once per visit: each new one invalidates the one before.
  useEffect(ask, []);
  const submit = async () => {
    const done = await run(() => api(accounts.confirmTotp, { body: { code: code.value.replaceAll(' ', '') } }));
    if (done?.ok) onSet(done.value.codes);
    else code.onValue('');
  };
  if (!offer) return error ? <ErrorNote error={error} onRetry={onAgain ?? ask} /> : <Skeleton rows={3} />;
  return (
    <Form class="stack" onSubmit={() => void submit()}>
      <p>{t('enrol.scan')}</p>
      <QrSecret svg={offer.svg} label={t('enrol.qr')} name={t('enrol.secret')} secret={offer.secret} />
      <ErrorNote error={error} />
      <TextField
        label={t('enrol.code')}
        autocomplete="one-time-code"
        inputMode="numeric"
        dir="ltr"
        required
        pattern="[0-9 ]{6,7}"
        {...code}
      />
      <Button label={t('enrol.next')} submit kind="primary" disabled={busy} />
    </Form>
  );
}

/** A picture drawn by the server. The page's policy blocks scripts in it. */
export function Svg({ text, label }: { text: string; label: string }) {
  return <div class="svg" role="img" aria-label={label} dangerouslySetInnerHTML={{ __html: text }} />;
}

export type OneTimeLink = { readonly url: string; readonly svg: string; readonly expiresAt: string };

/** A new link: a QR code, a button to copy it, and until when it works. @param children shown below the QR code */
export const MadeLink = ({ link, children }: { link: OneTimeLink; children?: ComponentChildren }) => (
  <>
    <div class="qr">
      <Svg text={link.svg} label={t('people.linkQr')} />
    </div>
    {children}
    <p dir="ltr" class="long-text">
      {link.url}
    </p>
    <div class="actions start">
      <CopyButton text={link.url} />
    </div>
    <p class="muted small">
      {t('people.until')} <Moment at={link.expiresAt} />
    </p>
  </>
);

/** An authenticator's secret: as a QR code, and as text to type. */
export const QrSecret = ({
  svg,
  label,
  name,
  secret,
}: {
  svg: string;
  label: string;
  name: string;
  secret: string;
}) => (
  <div class="qr">
    <Svg text={svg} label={label} />
    <div>
      <p class="muted small">{name}</p>
      <code class="secret" dir="ltr">
        {secret.replaceAll(/(.{4})/g, '$1 ').trim()}
      </code>
    </div>
  </div>
);

export const CodeList = ({ codes, label }: { codes: readonly string[]; label: string }) => (
  <ul class="codes" dir="ltr" aria-label={label}>
    {codes.map((code) => (
      <li key={code}>
        <code>{code}</code>
      </li>
    ))}
  </ul>
);

/** Recovery codes, shown once. */
export function Codes({ codes, onDone }: { codes: readonly string[]; onDone: () => void }) {
  const kept = useCheck(false);
  useUnsaved(!kept.checked, () => ({
    title: t('enrol.lose'),
    text: t('enrol.loseText', { page: t('account.nav') }),
    action: t('unsaved.leave'),
    danger: true,
  }));
  const keep = () => {
    const at = session.stage.peek();
    const email = 'session' in at ? (at.session.email ?? '') : '';
    // The head says whose codes they are, as the file may be found long after.
    const head = ['SmartPresence', location.host, email, new Date().toISOString().slice(0, 10)].filter(Boolean);
    const text = [...head, '', ...codes].map((line) => `${line}\n`).join('');
    save(new Blob([text], { type: 'text/plain' }), 'smartpresence-recovery-codes.txt');
  };
  return (
    <Form class="stack" onSubmit={() => kept.checked && onDone()}>
      <p>{t('enrol.codes')}</p>
      <CodeList codes={codes} label={t('enrol.title3')} />
      <div class="actions start">
        <Button onClick={keep}>{t('enrol.saveCodes')}</Button>
        <Button onClick={() => print()}>{t('print')}</Button>
      </div>
      <CheckField label={t('enrol.kept')} {...kept} />
      <Button
        label={t(session.page.value !== null ? 'enrol.finish' : 'enrol.done')}
        submit
        kind="primary"
        disabled={!kept.checked}
      />
    </Form>
  );
}
