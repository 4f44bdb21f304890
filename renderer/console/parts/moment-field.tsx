import { useState } from 'preact/hooks';
import { TextField } from '../../shared/web/form.tsx';
import { t } from '../i18n.ts';
import { dayKeyIn, instantAt, timeIn } from '../state/clock.ts';

interface TypedMoment {
  readonly day: string;
  readonly time: string;
  readonly onTyped: (part: { readonly day: string } | { readonly time: string }) => void;
  /** Both fields as one moment, RFC 3339 in UTC; null if incomplete. */
  readonly at: string | null;
}

/** State of a moment being typed, as date and time in a site's zone. Unless it is changed, its seconds are kept. */
export function useMoment(first: string | null, zone: string): TypedMoment {
  const [given] = useState(() => ({
    at: first,
    day: first === null ? '' : dayKeyIn(first, zone),
    time: first === null ? '' : timeIn(first, zone, 'en'),
  }));
  const [{ day, time }, setTyped] = useState(given);
  return {
    day,
    time,
    onTyped: (part) => setTyped((typed) => ({ ...typed, ...part })),
    at: day === given.day && time === given.time ? given.at : instantAt(day, time || '00:00', zone),
  };
}

/** The time of day at which a site's day starts. */
export const DayStartField = (field: { value: string; onValue: (value: string) => void }) => (
  <TextField
    type="time"
    dir="ltr"
    label={t('settings.dayStartsAt')}
    hint={t('settings.dayStartsAtHint')}
    required
    {...field}
  />
);

/** Both fields, under one label. */
export const MomentField = ({
  label,
  required = false,
  moment: { day, time, onTyped },
}: {
  label: string;
  required?: boolean;
  moment: TypedMoment;
}) => (
  <fieldset class="plain">
    <legend>{label}</legend>
    <div class="beside">
      <TextField
        label={t('corrections.date')}
        type="date"
        required={required || time !== ''}
        dir="ltr"
        value={day}
        onValue={(value) => onTyped({ day: value })}
      />
      <TextField
        label={t('corrections.time')}
        type="time"
        required={required}
        dir="ltr"
        value={time}
        onValue={(value) => onTyped({ time: value })}
      />
    </div>
  </fieldset>
);
