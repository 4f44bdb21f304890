import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bruteForce, nearRow, type Row, randomRow, seeded, trueCosine } from '../../../test/gallery.ts';
import { ExactGallery } from './gallery.ts';

/**
 * Adds and removes in any order, compared with a plain list. Starts close to the edge of a block (1,024 rows), where a row from
 * another block takes a removed row's place. Few people and many equal faces, so ties are common.
 */

type Model = Map<string, Row>;
type Command = fc.Command<Model, ExactGallery>;

const random = seeded(11);
const BASES = Array.from({ length: 4 }, () => randomRow(random));
const FACES = BASES.flatMap((base) => [
  base,
  nearRow(base, 1e-7, random),
  nearRow(base, 0.02, random),
  nearRow(base, 0.7, random),
]);

const faces = fc.constantFrom(...FACES);
const persons = fc.integer({ min: 0, max: 12 }).map((n) => `p${n}`);
/** Early templates, those around the edge, and new ones. */
const templates = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1015, max: 1034 })).map((n) => `t${n}`);

const add = (template: string, person: string, embedding: Float32Array): Command => ({
  check: () => true,
  run(model, gallery) {
    if (model.has(template)) {
      expect(() => gallery.add(template, person, embedding)).toThrow(/already/);
    } else {
      gallery.add(template, person, embedding);
      model.set(template, { template, person, embedding });
    }
    agree(model, gallery);
  },
  toString: () => `add(${template}, ${person})`,
});

const remove = (template: string): Command => ({
  check: () => true,
  run(model, gallery) {
    expect(gallery.remove(template)).toBe(model.delete(template));
    agree(model, gallery);
  },
  toString: () => `remove(${template})`,
});

const removePerson = (person: string): Command => ({
  check: () => true,
  run(model, gallery) {
    const theirs = [...model.values()].filter((row) => row.person === person);
    for (const row of theirs) model.delete(row.template);
    expect(gallery.removePerson(person)).toBe(theirs.length);
    agree(model, gallery);
  },
  toString: () => `removePerson(${person})`,
});

const search = (probe: Float32Array): Command => ({
  check: () => true,
  run(model, gallery) {
    expect(gallery.search(probe)).toEqual(bruteForce([...model.values()], probe));
  },
  toString: () => `search(face ${FACES.indexOf(probe)})`,
});

const verify = (person: string, probe: Float32Array): Command => ({
  check: () => true,
  run(model, gallery) {
    const theirs = [...model.values()].filter((row) => row.person === person);
    const best = theirs.length === 0 ? null : Math.max(...theirs.map((row) => trueCosine(probe, row.embedding)));
    expect(gallery.verify(person, probe)).toBe(best);
  },
  toString: () => `verify(${person}, face ${FACES.indexOf(probe)})`,
});

function agree(model: Model, gallery: ExactGallery): void {
  expect(gallery.templates).toBe(model.size);
  expect(gallery.people).toBe(new Set([...model.values()].map((row) => row.person)).size);
}

describe('adds and removes', () => {
  it.each([0, 1022])('in any order leave the gallery equal to a plain list, starting with %i templates', (start) => {
    const commands = fc.commands(
      [
        fc.tuple(templates, persons, faces).map((args) => add(...args)),
        templates.map(remove),
        persons.map(removePerson),
        faces.map(search),
        fc.tuple(persons, faces).map((args) => verify(...args)),
      ],
      { maxCommands: 60 },
    );
    fc.assert(
      fc.property(commands, (list) => {
        const setup = () => {
          const model: Model = new Map();
          const real = new ExactGallery();
          for (let i = 0; i < start; i++) {
            const row = { template: `t${i}`, person: `p${i % 13}`, embedding: FACES[i % FACES.length]! };
            model.set(row.template, row);
            real.add(row.template, row.person, row.embedding);
          }
          return { model, real };
        };
        fc.modelRun(setup, list);
      }),
      { numRuns: start === 0 ? 60 : 30 },
    );
  });

  it('reuse memory: a gallery that is filled and emptied does not grow', () => {
    const gallery = new ExactGallery();
    const fillAndEmpty = () => {
      for (let i = 0; i < 3000; i++) gallery.add(`t${i}`, `p${i % 7}`, FACES[i % FACES.length]!);
      for (let n = 0; n < 7; n++) gallery.removePerson(`p${n}`);
    };
    fillAndEmpty();
    const held = gallery.stats().heldBytes;
    fillAndEmpty();
    fillAndEmpty();
    expect(gallery.stats().heldBytes).toBe(held);
    expect(gallery.templates).toBe(0);
  });
});
