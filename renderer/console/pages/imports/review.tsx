import { useEffect, useState } from 'preact/hooks';
import * as imports from '../../../../sync/protocol/api/imports.ts';
import type { Person } from '../../../../sync/protocol/api/people.ts';
import { Button } from '../../../shared/button.tsx';
import { labelled, numberOf, TWO_DIGITS } from '../../../shared/i18n.ts';
import { IconCheck, IconFace } from '../../../shared/icons.tsx';
import { api, urlOf } from '../../../shared/web/api.ts';
import { ErrorNote } from '../../../shared/web/form.tsx';
import { Badge, Dialog, Empty } from '../../../shared/web/pieces.tsx';
import { usePages, useRead, useWrite, WriteForm } from '../../../shared/web/resource.tsx';
import { go } from '../../../shared/web/router.ts';
import { type Key, t } from '../../i18n.ts';
import { FilePick } from '../../parts/file-pick.tsx';
import { FilterBar, filterOf, SelectFilter } from '../../parts/filters.tsx';
import { codeLabel } from '../../parts/labels.tsx';
import { BackButton, PageFrame, type PageProps } from '../../parts/page.tsx';
import { PersonField } from '../../parts/people-search.tsx';
import { PersonLink } from '../../parts/person-fields.tsx';
import { Reading } from '../../parts/reading.tsx';
import { RowButton } from '../../parts/row-button.tsx';
import { TwoPeople } from '../../parts/two-people.tsx';
import { ListedPeople } from './people.tsx';

/** How often the progress of an import is read, ms. */
const EVERY_MS = 3000;
const STATES = ['judged', 'accepted', 'refused', 'waiting', 'applied'] as const;

/** One import: files are uploaded, the server and then a person judge each picture, and the accepted ones are enrolled. */
export function Review({ id, role }: { id: string; role: PageProps['role'] }) {
  const found = useRead(imports.getImport, { params: { import: id } }, EVERY_MS);
  const run_ = found.value;
  const open = run_?.state === 'open';
  const query = { state: filterOf('state').value, doubtful: filterOf('doubtful').value, limit: 40 };
  const pages = usePages(imports.listImportPhotos, { params: { import: id }, query });
  const { busy, error, run } = useWrite();
  // Decisions since the list was read. The list itself is not reloaded, to keep its scroll position.
  const [decided, setDecided] = useState<ReadonlyMap<string, imports.ImportPhoto>>(new Map());
  const [uploads, setUploads] = useState(0);
  const reload = () => {
    setDecided(new Map());
    found.reload();
    pages.reload();
  };
  // The server may finish between two polls, so that none of them sees anything waiting. The list may still show it.
  const stage = run_ && [run_.counts.waiting, run_.counts.doubtful, run_.state, run_.people.state].join(' ');
  const old = run_?.counts.waiting === 0 && pages.items.some((p) => (decided.get(p.id) ?? p).state === 'waiting');
  useEffect(() => {
    if (stage !== null) reload();
  }, [stage]);
  useEffect(() => {
    if (old) reload();
  }, [old]);
  const total = run_ ? Object.entries(run_.counts).reduce((n, [k, v]) => n + (k === 'doubtful' ? 0 : v), 0) : 0;
  const waiting = run_?.counts.waiting ?? 0;
  const acceptAll = () =>
    run(() => api(imports.acceptAllImportPhotos, { params: { import: id } }), {
      say: (value) => t('imports.allAccepted', { count: value.accepted }),
      done: reload,
    });
  const apply = () =>
    run(() => api(imports.applyImport, { params: { import: id } }), {
      ask: { title: t('imports.apply'), text: t('imports.applyText', { count: run_?.counts.accepted ?? 0 }) },
      done: reload,
    });
  const cancel = () =>
    run(() => api(imports.cancelImport, { params: { import: id } }), {
      ask: {
        title: t('imports.cancel'),
        text: t('imports.cancelText', { count: total }),
        keep: t('imports.keep'),
        danger: true,
        // With no uploads there is nothing to lose, so nothing has to be typed.
        ...(total > 0 && { word: t('people.eraseWord') }),
      },
      done: () => go('imports'),
    });
  return (
    <PageFrame
      title={t('imports.one')}
      lead={run_ ? t(`imports.stateText.${run_.state}`) : undefined}
      actions={
        <>
          <BackButton to="imports">{t('imports.back')}</BackButton>
          {open && <Button label={t('imports.cancel')} disabled={busy} onClick={cancel} />}
          {open && (
            <Button
              label={t('imports.apply')}
              kind="primary"
              disabled={busy || run_.counts.accepted === 0}
              onClick={() => run_.counts.accepted > 0 && void apply()}
            />
          )}
        </>
      }
    >
      <Reading of={found} rows={5} error={error} />
      {run_ && (
        <section class="card panel">
          {total > 0 && (
            <>
              <progress class="bar" max={total} value={total - waiting} aria-label={t('imports.progress')} />
              <ul class="counts">
                {(['waiting', 'judged', 'accepted', 'refused', 'applied'] as const).map((k) => (
                  <li key={k}>
                    <strong class="tabular">{numberOf(run_.counts[k])}</strong> {t(`imports.count.${k}`)}
                  </li>
                ))}
              </ul>
            </>
          )}
          <p class="muted small">
            {run_.basis ? t('imports.basis', { statement: run_.basis.statement }) : t('imports.noBasis')}
          </p>
          {open && (
            <Upload
              id={id}
              onDone={() => {
                setUploads((n) => n + 1);
                reload();
              }}
            />
          )}
        </section>
      )}
      {run_ && <ListedPeople run={run_} uploads={uploads} onChange={reload} />}
      {run_ && total > 0 && (
        <>
          <FilterBar names={['state', 'doubtful']}>
            <SelectFilter
              name="state"
              label={t('imports.stateLabel')}
              options={STATES.map((s) => [s, t(`imports.count.${s}`)])}
            />
            <SelectFilter
              name="doubtful"
              label={t('imports.doubt')}
              options={[
                ['true', t('imports.doubtful')],
                ['false', t('imports.clear')],
              ]}
            />
            <Button onClick={reload}>{t('imports.refresh')}</Button>
            {open && <Button icon={<IconCheck />} label={t('imports.acceptAll')} disabled={busy} onClick={acceptAll} />}
          </FilterBar>
          <ErrorNote error={pages.error} onRetry={pages.reload} />
          {pages.items.length === 0 && pages.state === 'ready' && (
            <div class="card">
              <Empty title={t('imports.noneHere')} />
            </div>
          )}
          <ul class="photo-grid">
            {pages.items.map((photo) => (
              <Photo
                key={photo.id}
                run={id}
                role={role}
                photo={decided.get(photo.id) ?? photo}
                open={open}
                onDecided={(one) => {
                  setDecided((before) => new Map(before).set(one.id, one));
                  found.reload();
                }}
              />
            ))}
          </ul>
          {pages.more && (
            <div class="actions">
              <Button onClick={() => pages.more?.()}>{t('table.more')}</Button>
            </div>
          )}
        </>
      )}
    </PageFrame>
  );
}

/** Uploads files one per request. The server unpacks archives and trusts nothing in them. */
function Upload({ id, onDone }: { id: string; onDone: () => void }) {
  const [done, setDone] = useState<{ at: number; of: number } | null>(null);
  const [refused, setRefused] = useState<{ file: string; code: string }[]>([]);
  const { busy, error, run } = useWrite();
  const upload = async (files: readonly File[]) => {
    setRefused([]);
    // Lists first, so that the people are known before the pictures arrive.
    const sorted = [...files].sort((a, b) => Number(/\.csv$/i.test(b.name)) - Number(/\.csv$/i.test(a.name)));
    for (const [i, file] of sorted.entries()) {
      setDone({ at: i, of: sorted.length });
      const query = { name: file.name.slice(-255) };
      const answer = await run(() => api(imports.uploadImportFile, { params: { import: id }, body: file, query }));
      if (!answer?.ok) break;
      setRefused((r) => [...r, ...answer.value.refused]);
    }
    setDone(null);
    onDone();
  };
  return (
    <div class="field">
      <FilePick
        id="import-files"
        accept="image/*,.zip,.csv,.tsv,.txt"
        disabled={busy}
        describedBy="import-hint"
        onFiles={(files) => void upload(files)}
      >
        {t('imports.files')}
      </FilePick>
      <p class="field-hint" id="import-hint">
        {t('imports.filesHint')}
      </p>
      {done && <progress class="bar" max={done.of} value={done.at} aria-label={t('imports.uploading')} />}
      <ErrorNote error={error} />
      {refused.map((r) => (
        <p key={r.file} class="field-error">
          <bdi>{r.file}</bdi>
          {labelled('', codeLabel('quality', r.code))}
        </p>
      ))}
    </div>
  );
}

interface PhotoProps {
  run: string;
  role: PageProps['role'];
  photo: imports.ImportPhoto;
  open: boolean;
  onDecided: (photo: imports.ImportPhoto) => void;
}

function Photo({ run: id, role, photo, open, onDecided }: PhotoProps) {
  const [assigning, setAssigning] = useState(false);
  const [comparing, setComparing] = useState(false);
  const { busy, error, run } = useWrite();
  const params = { import: id, photo: photo.id };
  const decide = (body: imports.ImportDecision) =>
    run(() => api(imports.decideImportPhoto, { params, body }), {
      done: (one) => {
        setComparing(false);
        onDecided(one);
      },
    });
  const picture = (
    <img
      src={urlOf(imports.getImportPicture, { params })}
      alt={t('imports.face', { file: photo.file })}
      loading="lazy"
    />
  );
  const decided = photo.state === 'accepted' || photo.state === 'refused';
  const judged = photo.state === 'judged';
  const button = (label: Key, act: () => unknown) => (
    <RowButton label={t(label)} of={`file-${photo.id}`} disabled={busy} onClick={act} />
  );
  const accept = () => (photo.duplicate ? setComparing(true) : decide({ decision: 'accept' }));
  return (
    <li class="card photo" data-state={photo.state}>
      {photo.hasPicture && photo.state !== 'waiting' ? (
        picture
      ) : (
        <div class="photo-none">
          <IconFace />
        </div>
      )}
      <div class="photo-text">
        <p class="small muted">
          <bdi id={`file-${photo.id}`}>{photo.file}</bdi>
        </p>
        <p>{photo.person ? <PersonLink {...photo.person} /> : t('imports.nobody')}</p>
        <p class="small">
          <Badge kind={photo.state === 'accepted' || photo.state === 'applied' ? 'good' : undefined}>
            {t(`imports.photo.${photo.state}`)}
          </Badge>
        </p>
        {photo.code && <p class="small photo-code">{codeLabel('quality', photo.code)}</p>}
        {photo.duplicate && (
          <p class="small">
            {t('imports.like')} <PersonLink id={photo.duplicate.person} name={photo.duplicate.name} /> (
            {numberOf(photo.duplicate.score, TWO_DIGITS)})
          </p>
        )}
        {photo.consent !== null && photo.consent !== 'given' && (
          <p class="small">{t(`imports.consent.${photo.consent}`)}</p>
        )}
        <ErrorNote error={error} />
        {open && (
          <div class="actions start">
            {!decided &&
              photo.usable &&
              photo.person &&
              button(photo.duplicate ? 'lookalikes.compare' : 'imports.accept', accept)}
            {!decided && judged && button('imports.refuse', () => decide({ decision: 'refuse', reason: 'other' }))}
            {decided && button('toast.undo', () => decide({ decision: 'undo' }))}
            {!decided && judged && photo.hasPicture && button('imports.assign', () => setAssigning(true))}
          </div>
        )}
      </div>
      {comparing && photo.duplicate && (
        <Dialog title={t('lookalikes.question')} wide onClose={() => setComparing(false)}>
          <ErrorNote error={error} />
          <TwoPeople
            name={photo.person?.name ?? t('people.unnamed')}
            ours={picture}
            other={photo.duplicate}
            busy={busy}
            overrule={role === 'admin' ? (typed) => void decide({ decision: 'accept', typed }) : undefined}
            actions={
              <Button disabled={busy} onClick={() => void decide({ decision: 'refuse', reason: 'not-them' })}>
                {t('imports.refuse')}
              </Button>
            }
          />
        </Dialog>
      )}
      {assigning && (
        <Dialog title={t('imports.assign')} onClose={() => setAssigning(false)}>
          <Assign run={id} photo={photo.id} onDone={onDecided} />
        </Dialog>
      )}
    </li>
  );
}

function Assign({
  run: id,
  photo,
  onDone,
}: {
  run: string;
  photo: string;
  onDone: (photo: imports.ImportPhoto) => void;
}) {
  const [person, setPerson] = useState<Person | null>(null);
  const params = { import: id, photo };
  return (
    <WriteForm
      write={() => api(imports.assignImportPhoto, { params, body: { person: person!.id } })}
      done={onDone}
      ready={person !== null}
      action={t('imports.assign')}
    >
      <p class="muted">{t('imports.assignText')}</p>
      <PersonField label={t('corrections.person')} value={person} onPerson={setPerson} />
    </WriteForm>
  );
}
