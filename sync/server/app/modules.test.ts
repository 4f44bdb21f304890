import { expect, test } from 'vitest';
import { z } from 'zod';
import { ATTENTION_KINDS } from '../../protocol/api/attention.ts';
import { Change } from '../../protocol/wire/changes.ts';
import { OpenBody, PersonalBody, Uuid } from '../../protocol/wire/event.ts';
import { MODULES } from './modules.ts';

const twice = (all: readonly string[]) => [...new Set(all.filter((one, i) => all.indexOf(one) !== i))];

test('a module takes each type of event, except `purge`, which only the log keeps', () => {
  const taken = MODULES.flatMap(({ onEvents, onEvent }) => [...Object.keys({ ...onEvents, ...onEvent })]);
  expect([...new Set([...taken, 'purge'])].sort()).toEqual(Object.keys(OpenBody).sort());
});

test('only one module decides what kiosks are sent after an event, except `person`, whose deletions another one takes', () => {
  expect(twice(MODULES.flatMap(({ onEvent = {} }) => Object.keys(onEvent)))).toEqual(['person']);
});

test('exactly one module makes each kind of change for kiosks', () => {
  const made = MODULES.flatMap(({ kioskChanges = {} }) => Object.keys(kioskChanges));
  expect(made.sort()).toEqual(Change.options.map(({ shape }) => shape.kind.value).sort());
});

test('exactly one module provides each kind of item in the attention queue', () => {
  const kinds = MODULES.flatMap(({ attention = {} }) => Object.keys(attention));
  expect(kinds.sort()).toEqual([...ATTENTION_KINDS].sort());
});

/** Kinds of events that name people, in personal fields of type UUID. */
const naming = Object.entries(PersonalBody).flatMap(([kind, { shape }]) =>
  Object.values(shape).some((type) => type instanceof z.ZodOptional && (type as z.ZodOptional).unwrap() === Uuid)
    ? [kind]
    : [],
);

test('every kind of event that names people is declared by one module', () => {
  const declared = MODULES.flatMap(({ events = {} }) => Object.keys(events));
  // `erasureDone` confirms a request of the server, and changes nobody's data.
  expect(declared.toSorted()).toEqual(naming.filter((kind) => kind !== 'erasureDone').toSorted());
});
