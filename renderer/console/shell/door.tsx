import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { t } from '../../shared/i18n.ts';
import { IconShield } from '../../shared/icons.tsx';
import { useWrite } from '../core/resource.ts';
import { enter, type Stage, signIn } from '../core/session.ts';
import { Form, RefusalNote, TextField } from '../parts/form.tsx';
import { Mark } from '../parts/mark.tsx';
import { Preferences } from './preferences.tsx';

/** The frame around whatever is to be done before somebody is in. */
export function Door({ children, wide = false }: { children: ComponentChildren; wide?: boolean }) {
  return (
    <main class="door">
      <section class="card door-card" data-wide={wide}>
        <Mark />
        {children}
      </section>
      <Preferences />
    </main>
  );
}

export function OpeningCard() {
  return (
    <main class="door" aria-busy="true">
      <p class="door-opening">{t('opening')}</p>
    </main>
  );
}

/** Link scanners of mail programs open links; none presses a button. */
export function LinkCard({ at: { busy, refusal } }: { at: Extract<Stage, { kind: 'link' }> }) {
  return (
    <Door>
      <h1>{t('link.title')}</h1>
      <p class="muted">{t('link.text')}</p>
      <RefusalNote refusal={refusal} />
      <button type="button" class="primary" onClick={() => void enter()} aria-disabled={busy}>
        <IconShield />
        {t(busy ? 'link.busy' : 'link.button')}
      </button>
    </Door>
  );
}

export function SignInCard({ at: { why, refusal } }: { at: Extract<Stage, { kind: 'out' }> }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const { busy, refusal: refused, run } = useWrite();
  const first = useRef<HTMLHeadingElement>(null);
  useEffect(() => first.current?.focus(), [why]);
  const submit = () =>
    void run(async () => {
      const no = await signIn(email, password, code);
      return no ? { ok: false, refusal: no } : { ok: true, value: null };
    });
  return (
    <Door>
      <h1 ref={first} tabIndex={-1}>
        {t('signIn.title')}
      </h1>
      {why && !refused && (
        <p class="note" data-kind={why === 'left' ? 'plain' : 'warn'} role="status">
          {t(`signIn.${why}`)}
        </p>
      )}
      <RefusalNote refusal={refused ?? refusal} />
      <Form class="stack" onSubmit={submit}>
        <TextField
          label={t('signIn.email')}
          type="email"
          autocomplete="username"
          dir="ltr"
          required
          value={email}
          onValue={setEmail}
        />
        <TextField
          label={t('signIn.password')}
          type="password"
          autocomplete="current-password"
          dir="ltr"
          required
          value={password}
          onValue={setPassword}
        />
        <TextField
          label={t('signIn.code')}
          hint={t('signIn.codeHint')}
          autocomplete="one-time-code"
          dir="ltr"
          value={code}
          onValue={setCode}
        />
        <button type="submit" class="primary" aria-disabled={busy}>
          <IconShield />
          {t(busy ? 'link.busy' : 'signIn.button')}
        </button>
      </Form>
      <p class="muted small">{t('signIn.help')}</p>
    </Door>
  );
}
