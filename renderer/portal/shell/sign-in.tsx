import { useState } from 'preact/hooks';
import { requestSignInLink } from '../../../sync/protocol/api/accounts.ts';
import { Button } from '../../shared/button.tsx';
import { useFocus } from '../../shared/focus.ts';
import { api } from '../../shared/web/api.ts';
import { EntryCard } from '../../shared/web/entry.tsx';
import { ErrorNote, Form, TextField, useField } from '../../shared/web/form.tsx';
import { Note } from '../../shared/web/pieces.tsx';
import { useWrite } from '../../shared/web/resource.tsx';
import type { Held } from '../../shared/web/session.ts';
import { t } from '../i18n.ts';
import type { Place } from '../state/session.ts';

/** To sign in, people request a link by e-mail. The answer is the same whether the address is known or not. */
export function OutCard({ at: { why, error } }: { at: Extract<Held<Place>, { kind: 'out' }> }) {
  const email = useField('');
  const [asked, setAsked] = useState(false);
  const { busy, error: refused, run } = useWrite();
  const first = useFocus<HTMLHeadingElement>(why);
  const submit = () =>
    run(() => api(requestSignInLink, { body: { email: email.value } }), { done: () => setAsked(true) });
  return (
    <EntryCard>
      <h1 ref={first} tabIndex={-1}>
        {t('out.title')}
      </h1>
      {why && !asked && !refused && (
        <Note kind={why === 'left' ? 'plain' : 'warn'} role="status">
          {t(`out.${why}`)}
        </Note>
      )}
      <ErrorNote error={refused ?? (asked ? null : error)} />
      {asked ? (
        <Note kind="good" role="status">
          {t('out.asked')}
        </Note>
      ) : (
        <Form class="stack" onSubmit={() => void submit()}>
          <p class="muted">{t('out.text')}</p>
          <TextField
            label={t('field.email')}
            type="email"
            autocomplete="email"
            dir="ltr"
            required
            maxLength={254}
            {...email}
          />
          <Button label={t('out.button')} submit kind="primary" disabled={busy} />
        </Form>
      )}
      <p class="muted small">{t('out.help')}</p>
    </EntryCard>
  );
}
