import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../shared/button.tsx';
import { IconShield } from '../../shared/icons.tsx';
import { EntryCard } from '../../shared/web/entry.tsx';
import { ErrorNote, Form, TextField } from '../../shared/web/form.tsx';
import { useWrite } from '../../shared/web/resource.ts';
import type { Held } from '../../shared/web/session.ts';
import { t } from '../i18n.ts';
import { type Place, signIn } from '../state/session.ts';

export function SignInCard({ at: { why, error } }: { at: Extract<Held<Place>, { kind: 'out' }> }) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const { busy, error: refused, run } = useWrite();
  const first = useRef<HTMLHeadingElement>(null);
  useEffect(() => first.current?.focus(), [why]);
  const submit = () => void run(() => signIn(email, password, code));
  return (
    <EntryCard>
      <h1 ref={first} tabIndex={-1}>
        {t('signIn.title')}
      </h1>
      {why && !refused && (
        <p class="note" data-kind={why === 'left' ? 'plain' : 'warn'} role="status">
          {t(`signIn.${why}`)}
        </p>
      )}
      <ErrorNote error={refused ?? error} />
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
        <Button submit kind="primary" disabled={busy}>
          <IconShield />
          {t(busy ? 'link.busy' : 'signIn.button')}
        </Button>
      </Form>
      <p class="muted small">{t('signIn.help')}</p>
    </EntryCard>
  );
}
