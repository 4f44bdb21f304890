import { Button } from '../../shared/button.tsx';
import { useFocus } from '../../shared/focus.ts';
import { IconShield } from '../../shared/icons.tsx';
import { EntryCard } from '../../shared/web/entry.tsx';
import { ErrorNote, Form, TextField, useField } from '../../shared/web/form.tsx';
import { Note } from '../../shared/web/pieces.tsx';
import { useWrite } from '../../shared/web/resource.tsx';
import type { Held } from '../../shared/web/session.ts';
import { t } from '../i18n.ts';
import { PasswordField } from '../parts/password-field.tsx';
import { type Place, signIn } from '../state/session.ts';

export function SignInCard({ at: { why, error } }: { at: Extract<Held<Place>, { kind: 'out' }> }) {
  const email = useField('');
  const password = useField('');
  const code = useField('');
  const { busy, error: refused, run } = useWrite();
  const first = useFocus<HTMLHeadingElement>(why);
  const submit = () => void run(() => signIn(email.value, password.value, code.value));
  return (
    <EntryCard>
      <h1 ref={first} tabIndex={-1}>
        {t('signIn.title')}
      </h1>
      {why && !refused && (
        <Note kind={why === 'left' ? 'plain' : 'warn'} role="status">
          {t(`signIn.${why}`)}
        </Note>
      )}
      <ErrorNote error={refused ?? error} />
      <Form class="stack" onSubmit={submit}>
        <TextField label={t('signIn.email')} type="email" autocomplete="username" dir="ltr" required {...email} />
        <PasswordField label={t('signIn.password')} {...password} />
        <TextField
          label={t('signIn.code')}
          hint={t('signIn.codeHint')}
          autocomplete="one-time-code"
          dir="ltr"
          {...code}
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
