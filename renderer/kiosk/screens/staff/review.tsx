import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Output, PersonRow, ReviewItem } from '../../../../electron/contract/methods.ts';
import { Button } from '../../../shared/button.tsx';
import { dayOf } from '../../../shared/i18n.ts';
import { keyOr, t } from '../../i18n.ts';
import { useKiosk } from '../../kiosk.ts';
import { Choice } from '../../parts/fields.tsx';
import { FormError } from '../../parts/keypad-form.tsx';
import { Title } from '../../parts/title.tsx';
import { ConfirmRemove } from './confirm-remove.tsx';
import { DuplicateScreen, isDuplicate } from './duplicate.tsx';
import { EnrolScreen } from './enrol.tsx';
import { usePicture } from './picture.ts';
import { usePolled } from './polled.ts';
import { staffErrorText, useAction, useStaff } from './session.ts';

/** Who the picture shows: a person's id, or someone new. */
type Whose = string | 'new' | null;

const message = (reason: string): string => t(keyOr(`review.reason.${reason}`, 'review.reason.other'));

/** People the picture may show, by name or by face. */
const choicesOf = ({ people, duplicate }: ReviewItem): PersonRow[] =>
  duplicate && !people.some(({ id }) => id === duplicate.id) ? [...people, duplicate] : [...people];

/** The initial selection: only what is beyond doubt. */
const likely = (item: ReviewItem): Whose => {
  const choices = choicesOf(item);
  if (choices.length === 0) return item.asNew ? 'new' : null;
  return choices.length === 1 && item.duplicate === null ? choices[0]!.id : null;
};

/**
 * An import's pictures that need a decision, one at a time: whose it is, why it waits, and what to do with it. Anyone who
 * has not agreed is enrolled in person, or not at all.
 */
export function ReviewScreen() {
  const { core } = useStaff();
  const list = usePolled(() => core.reviewList({}));
  /** Id of the picture shown; if it no longer exists, the first one is shown. */
  const at = useSignal<string | null>(null);
  const enrolling = useSignal<{ known: PersonRow | null; name: string; photo: string } | null>(null);
  const said = useSignal('');
  /** The new person created for the picture accepted last. */
  const made = useSignal<PersonRow | null>(null);

  const photos = list.value?.photos ?? [];
  const place = Math.max(
    0,
    photos.findIndex(({ id }) => id === at.value),
  );
  const item = photos[place];

  /** Continues with the next one, and reports what was decided. */
  function settled(message: string, person: PersonRow | null = null): void {
    const next = photos[place + 1] ?? photos[0];
    at.value = next && next !== item ? next.id : null;
    said.value = message;
    made.value = person;
    list.renew();
  }

  async function undo(person: PersonRow): Promise<void> {
    try {
      await core.personDelete({ person: person.id });
      made.value = null;
      said.value = t('people.removed', { name: person.name });
      status.current?.focus();
      list.renew();
    } catch (cause) {
      said.value = staffErrorText(cause);
    }
  }

  // When nothing is left to review, the focus moves to the message, for keyboard users.
  const status = useRef<HTMLParagraphElement>(null);
  const empty = list.value !== null && !item && !enrolling.value;
  useLayoutEffect(() => {
    if (empty) status.current?.focus();
  }, [empty]);

  const now = enrolling.value;
  if (now)
    return (
      <EnrolScreen
        known={now.known}
        name={now.name}
        enrolled={(person) => {
          // If the picture can't be removed now, it is removed automatically later. The enrolment counts anyway.
          core.reviewRefuse({ photo: now.photo, enrolled: person.id }).catch(() => undefined);
        }}
        close={() => {
          enrolling.value = null;
          list.renew();
        }}
      />
    );
  return (
    <section class="screen review">
      <div class="row review-said">
        <p class="hint" role="status" ref={status} tabIndex={-1}>
          {list.error || said.value || (list.value && t('review.waiting', { count: list.value.count }))}
        </p>
        {made.value && <Button onClick={() => void undo(made.value!)}>{t('review.undo')}</Button>}
      </div>
      {item && (
        <Item
          key={item.id}
          item={item}
          steps={t('review.step', { index: place + 1, of: list.value!.count })}
          settled={settled}
          skip={
            photos.length > 1
              ? () => {
                  said.value = '';
                  made.value = null;
                  at.value = photos[(place + 1) % photos.length]!.id;
                }
              : null
          }
          enrol={(known) => {
            said.value = '';
            made.value = null;
            enrolling.value = { known, name: item.asNew ? item.label : '', photo: item.id };
          }}
        />
      )}
    </section>
  );
}

interface ItemProps {
  item: ReviewItem;
  steps: string;
  settled: (message: string, made?: PersonRow | null) => void;
  /** Null if it is the only one. */
  skip: (() => void) | null;
  enrol: (known: PersonRow | null) => void;
}

function Item({ item, steps, settled, skip, enrol }: ItemProps) {
  const { recognises } = useKiosk();
  const { core } = useStaff();
  const whose = useSignal<Whose>(likely(item));
  const { busy, error, run } = useAction();
  const asking = useSignal(false);
  const comparing = useSignal(false);
  const choices = choicesOf(item);
  const chosen = choices.find(({ id }) => id === whose.value) ?? null;
  /** Someone known here without a face may have declined it. For them the importer's statement is not enough. */
  const theirs = chosen ? [chosen] : whose.value === 'new' ? item.people : [];
  const agreed = item.consent && theirs.every(({ templates }) => templates !== 0);

  const accept = (): void => {
    if (whose.value === null) {
      error.value = t('review.whoseMissing');
      return;
    }
    void run(async () => {
      try {
        const { person } = await core.reviewAccept({ photo: item.id, person: chosen?.id ?? null });
        settled(t('review.accepted', { name: person.name }), chosen ? null : person);
      } catch (cause) {
        if (!isDuplicate(cause)) throw cause;
        comparing.value = true;
      }
    });
  };
  const refuse = (): Promise<void> =>
    run(
      async () => {
        await core.reviewRefuse({ photo: item.id, enrolled: null });
        settled(t('review.refused', { name: item.label }));
      },
      () => (asking.value = false),
    );

  if (comparing.value)
    return (
      <DuplicateScreen
        name={chosen?.name ?? item.label}
        ask={() => core.reviewDuplicate({ photo: item.id, person: chosen?.id ?? null })}
        overrule={async (overrule) => {
          const { person } = await core.reviewAccept({ photo: item.id, person: chosen?.id ?? null, overrule });
          settled(t('review.accepted', { name: person.name }), chosen ? null : person);
        }}
        byNumber={null}
        close={() => (comparing.value = false)}
      />
    );
  if (asking.value)
    return (
      <ConfirmRemove
        title={t('review.refuseAsk', { name: item.label })}
        text={t('review.refuseMore')}
        yes={t('review.refuseYes')}
        remove={refuse}
        cancel={() => (asking.value = false)}
      />
    );
  return (
    <div class="review-item" data-reason={item.reason}>
      <ReviewPicture photo={item.id} name={item.label} />
      <div class="scrolls review-words">
        <p class="steps">
          {steps} · {t('review.until', { day: dayOf(new Date(item.until)) })}
        </p>
        <Title>
          <bdi>{item.label}</bdi>
        </Title>
        <p class="lead">{item.duplicate ? t('review.like', { name: item.duplicate.name }) : message(item.reason)}</p>
        {!agreed && <p class="lead">{t(item.consent ? 'review.noFace' : 'review.noConsent')}</p>}
        {choices.length > 0 && (
          <Choice
            legend={t('review.whose')}
            name="whose"
            value={whose.value}
            options={[
              ...choices.map(
                ({ id, name, number }) => [id, <bdi>{number === null ? name : `${name} · ${number}`}</bdi>] as const,
              ),
              ...(item.asNew ? [['new', <bdi>{t('review.new', { name: item.label })}</bdi>] as const] : []),
            ]}
            choose={(next) => (whose.value = next)}
          />
        )}
      </div>
      <div class="review-foot">
        <FormError message={error.value} />
        <div class="actions">
          <Button kind="danger" size="big" data-do="refuse" onClick={() => (asking.value = true)}>
            {t('review.refuse')}
          </Button>
          {skip && <Button label={t('review.later')} size="big" data-do="skip" onClick={skip} />}
          {recognises.value && (
            <Button kind={agreed ? undefined : 'primary'} size="big" data-do="enrol" onClick={() => enrol(chosen)}>
              {t('review.inPerson')}
            </Button>
          )}
          {agreed && recognises.value && (
            <Button kind="primary" size="big" data-do="accept" disabled={busy.value} onClick={accept}>
              {t('review.accept')}
            </Button>
          )}
        </div>
      </div>
    </div>
  );
}

/** A waiting picture, with a frame around the face that would be used. */
function ReviewPicture({ photo, name }: { photo: string; name: string }) {
  const { core } = useStaff();
  const face = useSignal<Output<'reviewShow'>['face'] | null>(null);
  const error = useSignal('');
  const show = async () => {
    face.value = null;
    error.value = '';
    const shown = await core.reviewShow({ photo });
    return { picture: shown.picture, drawn: () => (face.value = shown.face) };
  };
  const canvas = usePicture(show, photo, (cause) => (error.value = staffErrorText(cause)));
  const percent = (share: number): string => `${100 * share}%`;
  const at = face.value;
  return (
    <figure class="review-picture">
      {/* Left stays left: a picture is not mirrored in right-to-left languages. */}
      <div class="review-frame" dir="ltr" data-shown={at !== null}>
        <canvas ref={canvas} role="img" aria-label={t('review.picture', { name })} />
        {at && (
          <span
            class="review-face"
            style={{ left: percent(at[0]), top: percent(at[1]), width: percent(at[2]), height: percent(at[3]) }}
          />
        )}
      </div>
      {error.value && (
        <p class="form-error" role="alert">
          {error.value}
        </p>
      )}
    </figure>
  );
}
