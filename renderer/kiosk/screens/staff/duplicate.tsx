import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { DuplicateFace } from '../../../../electron/contract/methods.ts';
import { RpcError } from '../../../../electron/contract/rpc-error.ts';
import { Button } from '../../../shared/button.tsx';
import { useFocus } from '../../../shared/focus.ts';
import { dayOf, labelled } from '../../../shared/i18n.ts';
import { IconFace } from '../../../shared/icons.tsx';
import { t } from '../../i18n.ts';
import { bound, TextField } from '../../parts/fields.tsx';
import { FormError } from '../../parts/keypad-form.tsx';
import { Keyboard, TypedForm } from '../../parts/keys.tsx';
import { Title } from '../../parts/title.tsx';
import { usePicture } from './picture.ts';
import { staffErrorText, useAction } from './session.ts';

/** A supervisor's confirmation that they are two people, as the core accepts it. */
export interface Overrule {
  readonly other: string;
  readonly typed: string;
}

/** Whether an enrolment was refused because the face is someone else's. */
export const isDuplicate = (cause: unknown): boolean => cause instanceof RpcError && cause.code === 'duplicate-face';

/** Whether another person's face has to be compared now. */
const isAboutAnother = (cause: unknown): boolean =>
  isDuplicate(cause) || (cause instanceof RpcError && cause.code === 'duplicate-other');

interface DuplicateScreenProps {
  name: string;
  ask: () => Promise<DuplicateFace>;
  overrule: (confirmation: Overrule) => Promise<void>;
  byNumber: (() => void) | null;
  close: () => void;
}

/**
 * The face already belongs to someone else. Shows both pictures, what happens to the other person, and, for a supervisor,
 * a field to confirm that they are two people. If the face also resembles a third person's, that comparison follows.
 * Other staff see how the person can check in meanwhile.
 *
 * @param ask fetches who it may be
 * @param overrule enrols; errors it throws are shown here
 * @param byNumber continues with number and PIN; null if that is not possible
 */
export function DuplicateScreen({ name, ask, overrule, byNumber, close }: DuplicateScreenProps) {
  const found = useSignal<DuplicateFace | null>(null);
  const typing = useSignal(false);
  const typed = useSignal('');
  const { busy, error, run } = useAction();
  const input = useFocus<HTMLInputElement>(typing.value);
  async function compare(): Promise<void> {
    typing.value = false;
    typed.value = '';
    try {
      found.value = await ask();
    } catch (cause) {
      error.value = staffErrorText(cause);
    }
  }
  useEffect(() => void compare(), []);

  const shown = found.value;
  const other = shown?.other;

  function submit(): void {
    if (!other || typed.value.trim() === '') return;
    void run(
      () => overrule({ other: other.id, typed: typed.value.trim() }),
      (cause) => {
        if (isAboutAnother(cause)) return compare();
        input.current?.focus();
      },
    );
  }

  if (typing.value && other)
    return (
      <TypedForm class="duplicate-confirm" onSubmit={submit}>
        {error.value ? (
          <FormError message={error.value} />
        ) : (
          <p class="duplicate-effect">{t('duplicate.effect', { name, other: other.name })}</p>
        )}
        <div class="duplicate-typed">
          <TextField
            label={t(other.number === null ? 'duplicate.typeName' : 'duplicate.typeNumber', {
              word: other.number ?? other.name,
            })}
            name="confirm"
            data-holds="name"
            maxLength={200}
            {...bound(typed)}
            input={input}
          />
          <div class="actions">
            <Button label={t('cancel')} size="big" onClick={() => (typing.value = false)} />
            <Button
              label={t('duplicate.overrule')}
              submit
              kind="primary-danger"
              size="big"
              data-do="overrule"
              disabled={busy.value || typed.value.trim() === ''}
            />
          </div>
        </div>
        <Keyboard />
      </TypedForm>
    );
  return (
    <section class="duplicate" data-may={shown?.mayOverrule}>
      <Title at={found.value}>{t('duplicate.title')}</Title>
      <div class="duplicate-pair">
        <Face bytes={shown?.ours ?? null} label={t('duplicate.ours')} message={[name]} />
        <Face
          bytes={shown?.theirs ?? null}
          label={t('duplicate.theirs')}
          message={
            other
              ? [
                  other.name,
                  other.number === null ? t('people.noNumber') : t('people.number', { number: other.number }),
                  t('duplicate.since', { day: dayOf(new Date(other.enrolledAt)) }),
                ]
              : []
          }
        />
      </div>
      <div class="duplicate-words">
        {other && (
          <p>
            {shown.mayOverrule ? t('duplicate.samePerson', { other: other.name }) : t('duplicate.notYours', { name })}
          </p>
        )}
        <FormError message={error.value} />
      </div>
      <div class="actions">
        <Button label={t('cancel')} size="big" onClick={close} />
        {byNumber && (
          <Button kind={shown?.mayOverrule ? undefined : 'primary'} size="big" data-do="by-number" onClick={byNumber}>
            {t('duplicate.byNumber')}
          </Button>
        )}
        {shown?.mayOverrule && (
          <Button
            label={t('duplicate.twoPeople')}
            kind="danger"
            size="big"
            data-do="two-people"
            onClick={() => {
              error.value = '';
              typing.value = true;
            }}
          />
        )}
      </div>
    </section>
  );
}

/** One of the two faces. */
function Face({ bytes, label, message }: { bytes: Uint8Array | null; label: string; message: readonly string[] }) {
  // If the picture can't be drawn, name and number say who it is.
  const canvas = usePicture(bytes && (async () => ({ picture: bytes })), bytes);
  const [name, ...facts] = message;
  return (
    <figure class="duplicate-face">
      {bytes ? (
        <canvas ref={canvas} role="img" aria-label={labelled(label, name ?? '')} />
      ) : (
        <span class="duplicate-none" role="img" aria-label={t('duplicate.noPicture')}>
          <IconFace />
        </span>
      )}
      <figcaption>
        <span class="hint">{label}</span>
        <strong>
          <bdi>{name}</bdi>
        </strong>
        {facts.map((fact) => (
          <span key={fact} class="tabular">
            {fact}
          </span>
        ))}
        {!bytes && message.length > 1 && <span>{t('duplicate.noPicture')}</span>}
      </figcaption>
    </figure>
  );
}
